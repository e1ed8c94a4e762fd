"""What a number was before an action began to work, and what it is since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pandas as pd
from ibis import _

from insights.actions.item import Measure
from insights.filters import microseconds
from insights.finding import Finding
from insights.needs.rates import Compared, mean_difference, rate_ratio
from insights.registry import find
from insights.tables import Tables

WEEK = 7.0  # days that either side must have, so that weekdays even out
_FEW = 10  # records on both sides together, below which nothing is concluded
_NO_PAST = ("waiting_now", "volume_forecast", "staffing_need", "need_effect", "mood_changes")


@dataclass(frozen=True)
class Side:
    """Records of one side: how many in how many days, and the mean of what they measure."""

    days: float
    count: int
    mean: float | None

    @property
    def a_day(self) -> float | None:
        """Records a day."""
        return self.count / self.days if self.days else None


@dataclass(frozen=True)
class Effect:
    """What changed.

    Attributes
    ----------
    before, after : Side
        As many days before the action began as are known since, at most ``days``.
    compared : Compared or None
        Of counts the ratio of the rates, of means the difference, with its 95 % interval.
    enough : bool
        Whether the data suffice to conclude anything.
    verdict : str
        The conclusion in words. It tells a difference, not its cause.
    """

    before: Side
    after: Side
    compared: Compared | None
    enough: bool
    verdict: str


def effect(tables: Tables, measure: Measure, began: datetime, days: int = 28) -> Effect:
    """Compare a number before and after a moment.

    Parameters
    ----------
    tables : Tables
        Records of one business.
    measure : Measure
        The number.
    began : datetime
        The moment, with a time zone.
    days : int
        Longest time on either side.

    Raises
    ------
    LookupError
        If there is no such finding.
    ValueError
        If it has no past to compare with, or cannot be filtered or split as told.
    FileNotFoundError
        If what it counts was not made yet; the message says what to run.
    """
    finding = find(measure.finding, measure.family, tables)
    if finding.name in _NO_PAST or "period" not in finding.dimensions:
        raise ValueError(f"finding {finding.id!r} has no past that an action could be held against")
    first, last = _reach(finding, tables, measure)
    window = timedelta(days=days)
    start, end = max(began - window, first), min(began + window, last)
    before = _side(finding, tables, measure, start, began)
    after = _side(finding, tables, measure, began, end)
    return _judged(measure, before, after)


def _reach(finding: Finding, tables: Tables, measure: Measure) -> tuple[datetime, datetime]:
    """Return when records of the finding begin and end, whatever they are about."""
    anything = type(measure.filters)(zone=measure.filters.zone)
    ends = finding.rows(tables, anything).aggregate(first=_.at.min(), last=_.at.max()).to_pandas()
    if pd.isna(ends["first"][0]):
        never = datetime(1970, 1, 1, tzinfo=UTC)
        return never, never
    first, last = (datetime.fromtimestamp(int(ends[n][0]) / 1e6, UTC) for n in ("first", "last"))
    return first, last + timedelta(microseconds=1)


@dataclass(frozen=True)
class _Measured(Side):
    values: tuple[float, ...] = ()


def _side(
    finding: Finding, tables: Tables, measure: Measure, start: datetime, end: datetime
) -> _Measured:
    if start >= end:
        return _Measured(0.0, 0, None)
    told = {"since": start, "until": end}
    filters = measure.filters.model_copy(update=told)
    rows = finding.behind(tables, filters, measure.group)
    values = tuple(rows.select("value").to_pandas()["value"].astype("float64"))
    spent = (microseconds(end) - microseconds(start)) / 86_400e6
    mean = sum(values) / len(values) if values else None
    return _Measured(spent, len(values), mean, values)


def _judged(measure: Measure, before: _Measured, after: _Measured) -> Effect:
    counted = measure.number == "count"
    compared = (
        rate_ratio(after.count, after.days, before.count, before.days)
        if counted
        else mean_difference(after.values, before.values)
    )
    lacking = _lacking(before, after, compared)
    was, now = (Side(side.days, side.count, side.mean) for side in (before, after))
    if lacking or compared is None:
        return Effect(was, now, compared, False, f"not enough data: {lacking}")
    if not compared.significant:
        return Effect(was, now, compared, True, "no clear change")
    lower = compared.value < (1.0 if counted else 0.0)
    wanted = lower == (measure.better == "lower")
    told = f"{'better' if wanted else 'worse'}: {'down' if lower else 'up'}"
    return Effect(was, now, compared, True, f"{told} (p {compared.p_value:.2g})")


def _lacking(before: Side, after: Side, compared: Compared | None) -> str:
    reasons = [
        f"{side.days:.1f} days {name} it began, expected {WEEK:g}"
        for name, side in (("before", before), ("since", after))
        if side.days < WEEK
    ]
    both = before.count + after.count
    if both < _FEW:
        reasons.append(f"{both} records on both sides, expected {_FEW}")
    elif compared is None:
        reasons.append("expected three records on either side, not all the same")
    return "; ".join(reasons)
