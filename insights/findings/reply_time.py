"""How long customers wait for a human answer, each time (requirement M02)."""

from __future__ import annotations

from dataclasses import replace

from ibis import _
from ibis.expr.types import Table

from insights.filters import Filters
from insights.finding import CALENDAR, CONVERSATION, Finding
from insights.findings.members import about, in_business_hours, intervals
from insights.tables import Tables


def _members(turns: Table, tables: Tables) -> Table:
    answered = turns.filter(_.answered_at.notnull())
    rows = about(answered, tables).mutate(
        record_id=_.conversation_id + "#" + _.turn.cast("string"),
        agent=_.agent.fill_null("unknown"),
        start_at=_.asked_at,
        end_at=_.answered_at,
    )
    return intervals(rows)


def _chatwoot(tables: Tables, _filters: Filters) -> Table:
    return _members(tables.chats.clocks.filter(~_.first_reply), tables)


def _corrected(tables: Tables, _filters: Filters) -> Table:
    return _members(tables.chats.turns, tables)


CHATWOOT = Finding(
    name="reply_time",
    family="chatwoot",
    title="Reply time",
    title_zh="回复时间",
    formula=(
        "human reply - waiting_since, which the first customer message sets while it is blank; "
        "the first reply is left out; a bot's reply or a resolution clears it; "
        "blank is skipped; counted when replied"
    ),
    unit="minutes",
    action="Compare channels and hours; where p90 is far above the median, some are forgotten.",
    differs=(
        "chatwoot leaves the first reply out and forgets the wait when a bot speaks; corrected "
        "has one interval for each customer turn, the first ones in a series of their own."
    ),
    members=_chatwoot,
    dimensions=(*CALENDAR, *CONVERSATION, "category"),
)
CORRECTED = replace(
    CHATWOOT,
    family="corrected",
    formula=(
        "human reply - first customer message since the last human reply or resolution; bots do "
        "not answer; the first turn of a (re)opened conversation is the series `first`; "
        "counted when replied"
    ),
    members=_corrected,
    series=("series",),
)
FINDINGS = (CORRECTED, CHATWOOT, in_business_hours(CORRECTED), in_business_hours(CHATWOOT))
