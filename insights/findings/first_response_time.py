"""How long customers wait for the first human answer (requirement M03)."""

from __future__ import annotations

from dataclasses import replace

import ibis
from ibis import _
from ibis.expr.types import Table

from insights.filters import Filters
from insights.finding import CALENDAR, CONVERSATION, Finding
from insights.findings.members import about, in_business_hours, intervals
from insights.tables import Tables

BUCKETS = ((60, "0-1 h"), (240, "1-4 h"), (480, "4-8 h"), (1440, "8-24 h"))
_AGENT_OPENED = ("human", "aside")


def _replies(tables: Tables) -> Table:
    """Return human replies of conversations with when their clock was started last."""
    replies = tables.chats.steps.filter(_.what == "human")
    known = about(replies, tables, "opened_at", "customer_at", "opener")
    return known.mutate(
        agent=_.agent_id.fill_null("unknown"),
        start_at=ibis.coalesce(_.restarted_at, _.bot_resolved_at, _.opened_at),
        end_at=_.at,
    )


def _members(replies: Table) -> Table:
    rows = intervals(replies.mutate(record_id=_.conversation_id + "#" + _.cycle.cast("string")))
    names = [(_.value < limit, name) for limit, name in BUCKETS]
    return rows.mutate(bucket=ibis.cases(*names, else_="over 24 h"))


def _chatwoot(tables: Tables, _filters: Filters) -> Table:
    return _members(_replies(tables).filter(_.first_reply))


def _corrected(tables: Tables, _filters: Filters) -> Table:
    replies = _replies(tables)
    by_agent = _.opener.isin(_AGENT_OPENED) & (_.cycle == 0)
    usual = replies.filter(_.first_reply & ~by_agent)
    asked = replies.filter(by_agent & _.asked)
    place = ibis.row_number().over(ibis.window(group_by="conversation_id", order_by="at"))
    first = asked.mutate(
        start_at=ibis.greatest(_.customer_at, _.restarted_at.fill_null(0)), place=place
    )
    return _members(usual.union(first.filter(_.place == 0).drop("place").select(usual.columns)))


_DIMENSIONS = (*CALENDAR, *CONVERSATION, "bucket", "category")
CHATWOOT = Finding(
    name="first_response_time",
    family="chatwoot",
    title="First response time",
    title_zh="首次响应时间",
    formula=(
        "first public human reply - start; start is the latest bot hand-off or reopening, else "
        "the end of the bot's resolution, else creation; automations, campaigns and reactions are "
        "no replies; credited to the sender; a reopened conversation starts again; "
        "counted when replied"
    ),
    unit="minutes",
    action="Staff the hours in which it is long; open the slowest ones to see who was missing.",
    differs=(
        "chatwoot counts a conversation that an agent opened from its creation; corrected counts "
        "it from the customer's first message."
    ),
    members=_chatwoot,
    dimensions=_DIMENSIONS,
)
CORRECTED = replace(
    CHATWOOT,
    family="corrected",
    formula=f"{CHATWOOT.formula}; where an agent opened, from the customer's first message on",
    members=_corrected,
)


def _distribution(finding: Finding) -> Finding:
    return replace(
        finding,
        name="first_response_distribution",
        title="First response time, in buckets",
        title_zh="首次响应时间分布",
        groups=("bucket",),
        chart="bar",
        charted="count",
    )


FINDINGS = (
    CORRECTED,
    CHATWOOT,
    _distribution(CORRECTED),
    _distribution(CHATWOOT),
    in_business_hours(CORRECTED),
    in_business_hours(CHATWOOT),
)
