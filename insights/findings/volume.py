"""How many conversations were opened (requirements M01, M13, M15)."""

from __future__ import annotations

import math
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
    """Fill periods without any conversation, and put the periods before beside the count."""
    if "period" not in table or filters.period == "hour" or table.empty:
        return table
    others = [name for name in CORRECTED.dimensions if name in table and name != "period"]
    table = _filled(table, others, filters.period)
    every = CHATWOOT.table(tables, filters.model_copy(update={"since": None}), ["period", *others])
    known = every.set_index(["period", *others])["count"].to_dict()
    first = min(every["period"])

    def count(row: tuple[Any, ...], steps: int) -> float:
        before = (_moved(row[0], filters.period, -steps), *row[1:])
        return known.get(before if others else before[0], 0) if before[0] >= first else math.nan

    keys = list(table[["period", *others]].itertuples(index=False, name=None))
    table = table.assign(previous=[count(key, 1) for key in keys])
    if filters.period == "day":
        table["same_weekday"] = [count(key, _WEEK) for key in keys]
    return table


def _filled(table: pd.DataFrame, others: list[str], grain: str) -> pd.DataFrame:
    """Add a row with count 0 for each period between the first and the last that has none."""
    periods, last = [min(table["period"])], max(table["period"])
    while periods[-1] < last:
        periods.append(_moved(periods[-1], grain, 1))
    whole = pd.DataFrame({"period": periods})
    if others:
        whole = whole.merge(table[others].drop_duplicates(), how="cross")
    filled = whole.merge(table, how="left", on=["period", *others])
    return filled.assign(count=filled["count"].fillna(0).astype("int64"))


def _moved(period: str, grain: str, steps: int) -> str:
    """Return the first day of the period so many steps later."""
    day = date.fromisoformat(period)
    if grain == "month":
        months = day.year * 12 + day.month - 1 + steps
        return date(months // 12, months % 12 + 1, 1).isoformat()
    return (day + timedelta(days=steps * (1 if grain == "day" else _WEEK))).isoformat()


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
    brief=("count", "previous", "same_weekday", "simulated_share"),
    charted="count",
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
