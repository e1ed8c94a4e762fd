"""How many conversations the next days will bring, with the error of such forecasts (M10)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from ibis import _

from insights.filters import Filters
from insights.finding import Finding
from insights.findings.volume import CORRECTED
from insights.forecast import Accuracy, Floats, Forecast, forecast
from insights.tables import Tables

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def daily(tables: Tables, filters: Filters) -> tuple[date, Floats]:
    """Return the first whole day of the history, and the conversations of each day from there on.

    The day of the first conversation is left out unless ``since`` says where to begin, that of the
    last one unless ``until`` says where to end: they may be half. Days without any count 0.
    """
    zone = ZoneInfo(filters.zone)
    found = CORRECTED.rows(tables, filters.model_copy(update={"period": "day"}))
    counts = found.group_by("period").agg(count=_.count()).to_pandas()
    if counts.empty:
        return datetime.now(UTC).date(), np.zeros(0)
    told = dict(zip(map(date.fromisoformat, counts["period"]), counts["count"], strict=True))
    first, last = min(told) + timedelta(days=1), max(told) - timedelta(days=1)
    if filters.since:
        first = filters.since.astimezone(zone).date()
    if filters.until:
        last = (filters.until - timedelta(microseconds=1)).astimezone(zone).date()
    days = range(max((last - first).days + 1, 0))
    return first, np.array([told.get(first + timedelta(days=n), 0) for n in days], np.float64)


def forecast_days(tables: Tables, filters: Filters) -> tuple[list[date], Forecast, Accuracy]:
    """Return the days to come, what they will bring, and how good such forecasts were.

    Raises
    ------
    ValueError
        If the history is too short.
    """
    wanted = tables.settings.forecast
    first, counts = daily(tables, filters)
    if len(counts) < wanted.least_weeks * 7 or not counts.any():
        raise ValueError(
            f"a forecast of volume needs {wanted.least_weeks} whole weeks of history with "
            f"conversations (forecast.least_weeks), found {len(counts)} days; load more history "
            "or choose a wider range"
        )
    mark = (filters, wanted)
    found, accuracy = tables.once(
        "forecast", mark, lambda: forecast(counts, days=wanted.days, interval=wanted.interval)
    )
    begin = first + timedelta(days=len(counts))
    return [begin + timedelta(days=n) for n in range(wanted.days)], found, accuracy


def _foretold(table: pd.DataFrame, tables: Tables, filters: Filters) -> pd.DataFrame:
    """Return a row for each day to come; its count is that of past days of the same weekday."""
    days, found, accuracy = forecast_days(tables, filters)
    names = [f"{day.isoweekday()} {_DAYS[day.weekday()]}" for day in days]
    rows = pd.DataFrame({"day": [day.isoformat() for day in days], "weekday": names})
    rows = rows.merge(table, "left", on="weekday")
    rows.insert(1, "count", rows.pop("count").fillna(0).astype("int64"))  # a row is a day
    return rows.assign(
        forecast=found.mean,
        lower=found.lower,
        upper=found.upper,
        **asdict(accuracy),
    )


VOLUME_FORECAST = Finding(
    name="volume_forecast",
    family="corrected",
    title="Conversations expected, by day",
    title_zh="会话量预测(按天)",
    formula=(
        "expected conversations of each of the next days (14 unless configured) by a Poisson "
        "regression on level, weekday and, from two years on, season; lower and upper hold a "
        "share (80 % unless configured) of days, from errors of earlier forecasts; backtested "
        "from earlier days: mase and rmsse (below 1 beats a week-ahead copy inside the history), "
        "smape, the same of the seasonal naive forecast (naive_...), and coverage, the share "
        "of days inside their interval; no holiday is assumed; count is the past conversations of "
        "that weekday it was learned from"
    ),
    unit="conversations",
    action="Plan leave and shifts by the upper end; trust it only where mase is below naive_mase.",
    differs="chatwoot has no forecast.",
    members=CORRECTED.members,
    groups=("weekday",),
    series=("weekday",),
    dimensions=("weekday",),
    finish=_foretold,
    brief=("weekday", "forecast", "lower", "upper", "simulated_share"),
    once=("mase", "naive_mase", "coverage"),
    charted="forecast",
)
FINDINGS = (VOLUME_FORECAST,)
