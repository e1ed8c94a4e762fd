"""What members of message findings have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import ibis
from ibis import _
from ibis.expr.types import Table, Value

from ingest.store import Store
from insights.business_hours import business_minutes
from insights.filters import Filters
from insights.finding import Finding
from insights.functions import epoch_us, minutes
from insights.tables import Tables

Members = Callable[[Tables, Filters], Table]
ABOUT = ("channel", "source", "customer_id", "simulated", "gap_minutes", "category")
SAME = "Both families define it the same way."


def about(rows: Table, tables: Tables, *further: str) -> Table:
    """Return rows with what is known of their conversation, ``agent`` left as it is."""
    known = tables.chats.rows.select("conversation_id", *ABOUT, *further)
    return rows.inner_join(known, "conversation_id")


def conversations(tables: Tables) -> Table:
    """Return one member a conversation, at its opening, without a value yet."""
    return tables.chats.rows.mutate(record_id=_.conversation_id, at=_.opened_at)


def purchases(tables: Tables) -> Table:
    """Return every purchase of the store as it is now: customer_id, source, at, spent.

    What was spent is the value, else price times quantity (1 unless told), else unknown.
    """
    connection = tables.chats.connection
    connection.con.register("stored_purchases", Store(tables.workspace.store).dataset("events"))
    bought = connection.table("stored_purchases").filter(_.kind == "purchase")
    spent = ibis.coalesce(_.value, _.price * ibis.coalesce(_.quantity, 1.0))
    rows = bought.select("customer_id", "source", at=epoch_us(_.occurred_at), spent=spent)
    return tables.one_person(rows)


def intervals(rows: Table) -> Table:
    """Return rows whose value is the minutes from ``start_at`` to ``end_at``, counted at the end.

    A start that is not known gives no value, never an interval since 1970.
    """
    return rows.mutate(at=_.end_at, value=minutes(_.end_at - _.start_at))


def share(condition: Value) -> Value:
    """Return 100 where a condition holds, 0 where not, null where unknown: the mean is a share."""
    return ibis.cases((condition, 100.0), (~condition, 0.0))


def both(finding: Finding) -> tuple[Finding, Finding]:
    """Return a finding that both families define the same way, in both."""
    return (
        replace(finding, family="corrected", differs=SAME),
        replace(finding, family="chatwoot", differs=SAME),
    )


def in_business_hours(finding: Finding) -> Finding:
    """Return the finding whose intervals count only minutes inside the opening hours."""

    def members(tables: Tables, filters: Filters) -> Table:
        rows = finding.members(tables, filters)
        hours = tables.settings.hours
        if hours.enabled:
            counted = business_minutes(hours, rows.channel, rows.start_at, rows.end_at)
            return rows.mutate(value=counted)
        off = ibis.literal(0.0) if finding.family == "chatwoot" else ibis.null("float64")
        return rows.mutate(value=off)

    return replace(
        finding,
        name=f"{finding.name}_business",
        title=f"{finding.title}, in business hours",
        title_zh=f"{finding.title_zh}(营业时间内)",
        formula=f"{finding.formula}; only minutes inside the channel's opening hours count",
        unit="business minutes",
        differs="With opening hours switched off, chatwoot shows 0, corrected shows n/a.",
        members=members,
    )
