"""How many agents each hour of the week needs (requirement M10)."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
from ibis import _
from ibis.expr.types import Table

from insights.erlang import agents_needed
from insights.filters import Filters
from insights.finding import Finding
from insights.findings.members import conversations
from insights.findings.volume_forecast import forecast_days
from insights.functions import minutes
from insights.tables import Tables


def _members(tables: Tables, _filters: Filters) -> Table:
    return conversations(tables).mutate(value=minutes(_.active))


def _staffed(table: pd.DataFrame, tables: Tables, filters: Filters) -> pd.DataFrame:
    """Add arrivals an hour and the agents they need to each weekday and hour."""
    if table.empty:
        return table.assign(arrivals=[], agents=[])
    target = tables.settings.staffing
    ahead = target.arrivals == "forecast"
    arrivals = (_expected if ahead else _usual)(table, tables, filters)
    agents = [
        agents_needed(
            arrivals=float(rate),
            handling_seconds=float(mean) * 60 / target.at_once,
            share=target.answered_share,
            within_seconds=target.answered_within_seconds,
        )
        for rate, mean in zip(arrivals, table["mean"], strict=True)
    ]
    return table.assign(arrivals=arrivals, agents=agents)


def _usual(table: pd.DataFrame, tables: Tables, filters: Filters) -> pd.Series[float]:
    """Return the mean arrivals of each hour of the week in the past."""
    weekdays = _weekdays(*_range(tables, filters))
    return table["count"] / [weekdays[int(str(name)[0]) - 1] for name in table["weekday"]]


def _expected(table: pd.DataFrame, tables: Tables, filters: Filters) -> pd.Series[float]:
    """Return the mean forecast of each weekday, spread over its hours as in the past."""
    days, found, _accuracy = forecast_days(tables, filters)
    numbers = [day.isoweekday() for day in days]
    means = pd.Series(found.mean).groupby(numbers).mean()
    hourly = table["count"] / table.groupby("weekday")["count"].transform("sum")
    expected = table["weekday"].map(lambda name: means.get(int(str(name)[0]), float("nan")))
    if expected.isna().any():
        raise ValueError(
            f"staffing.arrivals=forecast: expected forecast.days of 7 or more, got {len(days)}: "
            "every weekday needs a forecast"
        )
    return hourly * expected


def _range(tables: Tables, filters: Filters) -> tuple[date, date]:
    """Return the first and the last local day that is looked at."""
    ends = tables.chats.rows.aggregate(first=_.opened_at.min(), last=_.opened_at.max()).to_pandas()
    known = [datetime.fromtimestamp(int(ends[name][0]) / 1e6, UTC) for name in ("first", "last")]
    first = filters.since or known[0]
    last = filters.until - timedelta(microseconds=1) if filters.until else known[1]
    zone = ZoneInfo(filters.zone)
    return first.astimezone(zone).date(), last.astimezone(zone).date()


def _weekdays(first: date, last: date) -> Counter[int]:
    days = range(max((last - first).days, 0) + 1)
    return Counter((first + timedelta(days=number)).weekday() for number in days)


STAFFING = Finding(
    name="staffing_need",
    family="corrected",
    title="Agents needed, by weekday and hour",
    title_zh="所需客服人数(按星期与小时)",
    formula=(
        "fewest agents for whom Erlang C answers a share (80 % unless configured) within a "
        "time (20 s), from the mean arrivals of that hour of the week, or those that "
        "volume_forecast expects (staffing.arrivals=forecast), and the mean active time; "
        "counted when opened"
    ),
    unit="minutes of handling",
    action="Lay it beside the duty roster; move shifts to the hours that lack people.",
    differs="chatwoot has no staffing need.",
    members=_members,
    groups=("weekday", "hour_of_day"),
    dimensions=("weekday", "hour_of_day"),
    series=("weekday", "hour_of_day"),
    finish=_staffed,
    chart="heatmap",
    charted="agents",
)
FINDINGS = (STAFFING,)
