"""How long it takes until a conversation is resolved."""

from __future__ import annotations

from dataclasses import replace

import ibis
from ibis import _
from ibis.expr.types import Table

from insights.filters import Filters
from insights.finding import CALENDAR, CONVERSATION, Beside, Finding
from insights.findings.members import about, in_business_hours, intervals
from insights.tables import Tables


def _chatwoot(tables: Tables, _filters: Filters) -> Table:
    rows = about(tables.chats.resolves, tables, "agent", "opened_at", "reopens")
    record = _.conversation_id + "#" + _.at.cast("string")
    return intervals(rows.mutate(record_id=record, start_at=_.opened_at, end_at=_.at))


def _corrected(tables: Tables, _filters: Filters) -> Table:
    rows = tables.chats.rows.filter(_.resolved_at.notnull())

    def series(name: str, end: str) -> Table:
        record = _.conversation_id + f"#{name}"
        return rows.mutate(
            record_id=record, series=ibis.literal(name), start_at=_.opened_at, end_at=_[end]
        )

    first = series("first", "resolved_at")
    full = series("full", "last_resolved_at")
    return intervals(first.union(full.select(first.columns)))


CHATWOOT = Finding(
    name="resolution_time",
    family="chatwoot",
    title="Resolution time",
    title_zh="解决时间",
    formula="resolution - creation, once for each resolution; counted when resolved",
    unit="minutes",
    action="Open the longest ones: look for hand-overs, missing rights and waits for others.",
    differs=(
        "chatwoot counts a reopened conversation again at its full age; corrected counts the first "
        "and the full (last) resolution, each once a conversation, with reopenings beside them."
    ),
    members=_chatwoot,
    dimensions=(*CALENDAR, *CONVERSATION, "category"),
)
CORRECTED = replace(
    CHATWOOT,
    family="corrected",
    formula=(
        "first: first resolution - creation; full: last resolution - creation; each once a "
        "conversation; counted when resolved"
    ),
    members=_corrected,
    series=("series",),
    beside={"reopens": Beside("reopens", "sum")},
)
FINDINGS = (CORRECTED, CHATWOOT, in_business_hours(CORRECTED), in_business_hours(CHATWOOT))
