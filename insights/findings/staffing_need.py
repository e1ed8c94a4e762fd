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
from insights.findings.messages import MESSAGES
from insights.findings.volume_forecast import forecast_days
from insights.functions import minutes
from insights.tables import Tables


def _members(tables: Tables, _filters: Filters) -> Table:
    return conversations(tables).mutate(value=minutes(_.active))


def _staffed(table: pd.DataFrame, tables: Tables, filters: Filters) -> pd.DataFrame:
    """Add to each weekday and hour arrivals, the agents they need, and who was there."""
    if table.empty:
        return table.assign(arrivals=[], agents=[], on_duty=[], lacking=[])
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
    on_duty = _on_duty(table, tables, filters)
    lacking = (pd.Series(agents, index=table.index) - on_duty).clip(lower=0.0)
    return table.assign(arrivals=arrivals, agents=agents, on_duty=on_duty, lacking=lacking)


def _on_duty(table: pd.DataFrame, tables: Tables, filters: Filters) -> pd.Series[float]:
    """Return the mean number of people who wrote in each hour of the week of the table."""
    daily = filters.model_copy(update={"period": "day"})
    said = MESSAGES.rows(tables, daily).filter(_.sender == "human")
    there = said.group_by("weekday", "hour_of_day", "period").agg(people=_.agent.nunique())
    hours = there.group_by("weekday", "hour_of_day").agg(people=_.people.sum()).to_pandas()
    known = hours.set_index(["weekday", "hour_of_day"])["people"]
    weekdays = _weekdays(*_range(tables, filters))
    seen = [
        float(known.get(place, 0)) / weekdays[int(str(place[0])[0]) - 1]
        for place in zip(table["weekday"], table["hour_of_day"], strict=True)
    ]
    return pd.Series(seen, index=table.index, dtype="float64")


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
        "counted when opened; on_duty is the mean number of people who wrote a public message in "
        "that hour (idle ones are not seen), lacking is agents less on_duty"
    ),
    unit="minutes of handling",
    action="Move shifts to the hours that lack people; check idle ones in the duty roster first.",
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
