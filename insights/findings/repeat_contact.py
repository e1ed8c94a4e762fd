"""Who has to come back with what was said to be solved (requirement N24)."""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr.types import Table

from insights.filters import Filters, microseconds
from insights.finding import CALENDAR, CONVERSATION, Finding
from insights.findings.members import about, both, share
from insights.functions import DAY
from insights.tables import Tables


def _contacts(tables: Tables) -> Table:
    """Return every opening and reopening with its customer and category."""
    chats = tables.chats
    opened = chats.rows.select("customer_id", "category", contact_at="opened_at")
    again = about(chats.steps.filter(_.what == "reopened"), tables)
    return opened.union(again.select("customer_id", "category", contact_at="at"))


def _members(tables: Tables, filters: Filters) -> Table:
    chats, span = tables.chats, tables.settings.repeat_days * DAY
    solved = about(chats.resolves, tables, "agent").filter(_.customer_id.notnull())
    solved = solved.mutate(record_id=_.conversation_id + "#" + _.at.cast("string"))
    later = _contacts(tables)
    back = solved.inner_join(
        later,
        [
            "customer_id",
            "category",
            later.contact_at > solved.at,
            later.contact_at <= solved.at + span,
        ],
    )
    found = back.group_by("record_id").agg(back_at=_.contact_at.min())
    rows = solved.left_join(found, "record_id").drop("record_id_right")
    over = rows.at <= microseconds(filters.now()) - span
    return rows.mutate(value=over.ifelse(share(rows.back_at.notnull()), ibis.null("float64")))


REPEAT = Finding(
    name="repeat_contact",
    title="Customers who came back with the same matter",
    title_zh="重复咨询率",
    formula=(
        "resolutions after which the same customer opened or reopened a conversation of the same "
        "category, on any channel, within 7 days (repeat_days) / resolutions x 100; "
        "counted when resolved, once the days have passed"
    ),
    unit="% of resolutions",
    action="Open the categories with the most: the first answer there does not solve it.",
    members=_members,
    dimensions=(*CALENDAR, *CONVERSATION, "category"),
)
FINDINGS = both(REPEAT)
