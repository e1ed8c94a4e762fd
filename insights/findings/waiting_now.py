"""Who is waiting for an answer right now (requirement M09)."""

from __future__ import annotations

from ibis import _
from ibis.expr.types import Table

from insights.filters import Filters, microseconds
from insights.finding import CALENDAR, CONVERSATION, Finding
from insights.findings.members import about, both
from insights.functions import minutes
from insights.tables import Tables


def _members(tables: Tables, filters: Filters) -> Table:
    now = microseconds(filters.now())
    chats = tables.chats
    open_turns = chats.turns.filter((_.asked_at < now) & (_.ended_at >= now).fill_null(True))
    asked = chats.steps.filter((_.what == "customer") & (_.at < now))
    waiting = asked.inner_join(
        open_turns.select("conversation_id", "turn", "asked_at"), ["conversation_id", "turn"]
    )
    last = waiting.group_by("conversation_id").agg(
        asked_at=_.asked_at.min(), at=_.at.max(), questions=_.count()
    )
    return about(last, tables, "agent").mutate(
        record_id=_.conversation_id, value=minutes(now - _.at)
    )


WAITING = Finding(
    name="waiting_now",
    title="Conversations waiting for an answer",
    title_zh="等待回复的会话",
    formula=(
        "conversations whose last public message is the customer's and that were not resolved "
        "since; bots and private notes do not answer; value is that message's age; "
        "now is the end of the range, else the present moment"
    ),
    unit="minutes",
    action="Answer the oldest first.",
    members=_members,
    groups=("channel",),
    dimensions=(*CALENDAR, *CONVERSATION, "category"),
    chart="bar",
)
FINDINGS = both(WAITING)
