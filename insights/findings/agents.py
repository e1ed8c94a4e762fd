"""What each agent does and how it goes (requirement M08)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import ibis
import pandas as pd
from ibis import _
from ibis.expr.types import Table, Value

from insights.filters import Filters
from insights.finding import CALENDAR, CONVERSATION, Finding
from insights.findings import csat, first_response_time, reply_time, resolution_time
from insights.findings.members import about
from insights.splits import spread
from insights.tables import Tables

# Column, finding, the series of it that is meant, and how its values are put together.
_MEASURES = (
    ("first_response_minutes", first_response_time.CORRECTED, None, "median"),
    ("reply_minutes", reply_time.CORRECTED, "later", "median"),
    ("resolution_minutes", resolution_time.CORRECTED, "first", "median"),
    ("csat", csat.FINDINGS[0], None, "mean"),
)


def _members(tables: Tables, _filters: Filters) -> Table:
    """Return one member an agent and conversation: how many messages the agent sent there.

    Kept, since the table of agents asks for them two or three times under every filter.
    """
    return tables.once("agents", None, lambda: _sent(tables).cache())


def _sent(tables: Tables) -> Table:
    replies = tables.chats.messages.filter(_.what == "human").drop_null("agent_id")
    sent = replies.group_by("conversation_id", agent="agent_id").agg(at=_.at.min(), sent=_.count())
    return about(sent, tables).mutate(
        record_id=_.conversation_id + "#" + _.agent, value=_.sent.cast("float64")
    )


def _table(table: pd.DataFrame, tables: Tables, filters: Filters) -> pd.DataFrame:
    """Put beside each agent what the findings about waits and satisfaction say."""
    groups = list(table.columns[: list(table.columns).index("count")])
    for more in (_participation(table, groups, tables, filters), _waits(groups, tables, filters)):
        table = table.merge(more, "left", on=groups) if groups else table.join(more)
    counts = [f"{name}_n" for name, *_rest in _MEASURES]
    table[counts] = table[counts].fillna(0).astype("int64")
    if groups == ["agent"]:
        table = table.sort_values(["count", "agent"], ascending=[False, True], ignore_index=True)
    return table


def _participation(
    table: pd.DataFrame, groups: list[str], tables: Tables, filters: Filters
) -> pd.DataFrame:
    """Return the share of the conversations with agents in which those of a group took part."""
    everybody = filters.model_copy(update={"agent": ()})
    others = [name for name in groups if name != "agent"]
    whole = _conversations(tables, everybody, others, "whole")
    if "agent" in groups:  # an agent is counted once in a conversation
        own = table[groups].assign(own=table["count"])
    else:
        own = _conversations(tables, filters, groups, "own")
    both = own.merge(whole, on=others) if others else own.merge(whole, how="cross")
    return both[groups].assign(participation=100 * both["own"] / both["whole"])


def _conversations(
    tables: Tables, filters: Filters, groups: Sequence[str], name: str
) -> pd.DataFrame:
    rows = spread(AGENTS.rows(tables, filters), tables, groups)
    return _grouped(rows, groups, **{name: _.conversation_id.nunique()})


def _waits(groups: Sequence[str], tables: Tables, filters: Filters) -> pd.DataFrame:
    """Return what the other findings say of each group, all of it in one question."""
    numbers: dict[str, Value] = {}
    parts = []
    for name, finding, series, how in _MEASURES:
        rows = finding.rows(tables, filters).drop_null("value")
        if series is not None:
            rows = rows.filter(rows[finding.series[0]] == series)
        value = _.value.cast("float64")
        parts.append(
            spread(rows, tables, groups).select(*groups, value=value, measure=ibis.literal(name))
        )
        mine = _.measure == name
        numbers |= {name: getattr(_.value, how)(where=mine), f"{name}_n": _.value.count(where=mine)}
    return _grouped(ibis.union(*parts), groups, **numbers)


def _grouped(rows: Table, groups: Sequence[str], **numbers: Value) -> pd.DataFrame:
    found = rows.group_by(list(groups)).agg(**numbers) if groups else rows.aggregate(**numbers)
    return cast("pd.DataFrame", found.to_pandas())


AGENTS = Finding(
    name="agents",
    family="corrected",
    title="Agents: volume, waits, satisfaction",
    title_zh="客服绩效表",
    formula=(
        "conversations an agent publicly replied in (count) with messages sent in each (mean, "
        "median, p90); participation: those / conversations that any agent replied in x 100; "
        "median minutes of first responses, of later replies and to the first resolution, and "
        "the share of 4 and 5 stars (csat), each with its own count (_n), as those findings "
        "define and credit them; counted at the agent's first reply"
    ),
    unit="messages a conversation",
    action="Compare agents with the same channels only, and read some conversations first.",
    differs="chatwoot shows an agent's averages alone, credited to who is assigned.",
    members=_members,
    groups=("agent",),
    dimensions=(*CALENDAR, *CONVERSATION, "category"),
    finish=_table,
    chart="bar",
    charted="count",
    brief=(
        *("count", "participation", "first_response_minutes", "reply_minutes"),
        *("resolution_minutes", "csat", "csat_n"),
    ),
)
FINDINGS = (AGENTS,)
