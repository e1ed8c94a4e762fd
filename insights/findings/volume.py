"""How many conversations were opened (requirements M01, M13, M15)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pandas as pd
from ibis.expr.types import Table

from insights.filters import Filters
from insights.finding import CALENDAR, CONVERSATION, Finding
from insights.findings.members import conversations
from insights.tables import Tables

_WEEK = 7


def _members(tables: Tables, _filters: Filters) -> Table:
    return conversations(tables).mutate(value=1.0)


def _compared(table: pd.DataFrame, tables: Tables, filters: Filters) -> pd.DataFrame:
    """Put the period before, and for days the same weekday of the week before, beside the count."""
    if "period" not in table or filters.period == "hour" or table.empty:
        return table
    others = [name for name in CORRECTED.dimensions if name in table and name != "period"]
    every = CHATWOOT.table(tables, filters.model_copy(update={"since": None}), ["period", *others])
    known = {tuple(row): count for *row, count in _rows(every, others)}
    first = min(every["period"])

    def count(row: tuple[Any, ...], steps: int) -> float:
        before = _earlier(str(row[0]), filters.period, steps)
        return known.get((before, *row[1:]), 0) if before >= first else float("nan")

    keys = [tuple(row) for *row, _count in _rows(table, others)]
    table = table.assign(previous=[count(key, 1) for key in keys])
    if filters.period == "day":
        table["same_weekday"] = [count(key, _WEEK) for key in keys]
    return table


def _rows(table: pd.DataFrame, others: list[str]) -> list[tuple[Any, ...]]:
    return list(table[["period", *others, "count"]].itertuples(index=False, name=None))


def _earlier(period: str, grain: str, steps: int) -> str:
    day = date.fromisoformat(period)
    if grain == "month":
        return (day - timedelta(days=1)).replace(day=1).isoformat()
    return (day - timedelta(days=steps * (1 if grain == "day" else _WEEK))).isoformat()


CHATWOOT = Finding(
    name="volume",
    family="chatwoot",
    title="Conversations opened",
    title_zh="会话量",
    formula="conversations opened in the period, in the report's zone",
    unit="conversations",
    action="Plan staffing by it; look for a cause where a period differs from the ones before.",
    differs="corrected adds the period before and the same weekday of the week before.",
    members=_members,
    dimensions=(*CALENDAR, *CONVERSATION, "category"),
)
CORRECTED = replace(CHATWOOT, family="corrected", finish=_compared)
HEAT_MAP = replace(
    CHATWOOT,
    family="corrected",
    name="traffic",
    title="Conversations opened, by weekday and hour",
    title_zh="会话流量热力图",
    differs="chatwoot has the same heat map.",
    groups=("weekday", "hour_of_day"),
    chart="heatmap",
)
FINDINGS = (CORRECTED, CHATWOOT, HEAT_MAP)
