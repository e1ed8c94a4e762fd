"""How long conversations last (requirements M04, M28)."""

from __future__ import annotations

from dataclasses import replace

from ibis import _
from ibis.expr.types import Table

from insights.filters import Filters
from insights.finding import CALENDAR, CONVERSATION, Finding
from insights.findings.members import both, conversations
from insights.functions import minutes
from insights.tables import Tables


def _lasting(tables: Tables, _filters: Filters) -> Table:
    return conversations(tables).mutate(value=minutes(_.last_at - _.first_at))


def _active(tables: Tables, _filters: Filters) -> Table:
    return conversations(tables).mutate(value=minutes(_.active))


DURATION = Finding(
    name="duration",
    title="Duration of conversations",
    title_zh="会话时长",
    formula="last public message - first; one message is 0 and counted; counted when opened",
    unit="minutes",
    action="Read the longest ones: they show where answers are missing or a hand-over is slow.",
    members=_lasting,
    dimensions=(*CALENDAR, *CONVERSATION, "category"),
)
ACTIVE = replace(
    DURATION,
    name="active_time",
    family="corrected",
    title="Active time of conversations",
    title_zh="会话活跃时长",
    formula="as duration, pauses longer than the active gap (10 minutes) removed",
    action="Compare with duration: the difference is waiting, not work.",
    differs="chatwoot has no active time.",
    members=_active,
)
FINDINGS = (*both(DURATION), ACTIVE)
