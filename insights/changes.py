"""What changed from one range to the next, beyond chance, and where the change came from.

Counts are compared as rates of equal ranges, measured numbers by their means. Where a change is
sure, the value of a dimension (a channel, an agent) that gave most of it is named: its part is what
the number would have moved by, had everything else stayed as it was, and only values whose own
change is sure are named. Parts of one dimension add up to the whole change.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd
from scipy import stats

from insights.finding import CALENDAR, Finding

LEVEL = 0.95
_FEW = 3  # records on either side below which a mean says nothing


@dataclass(frozen=True)
class Driver:
    """A value of a dimension and its part of a change.

    Parameters
    ----------
    dimension, value : str
        Such as ``channel`` and ``web``.
    part : float
        What it gave to the change, in the unit of the number.
    share : float
        The same as a share of the whole change; above 1 where other values went the other way.
    """

    dimension: str
    value: str
    part: float
    share: float


@dataclass(frozen=True)
class Change:
    """One number now and before.

    Parameters
    ----------
    finding : Finding
        What was measured.
    series : str
        Which of its series; empty where it has one.
    counted : bool
        Whether records are counted, not measured.
    before, now : float
        The number in either range; NaN where nothing could be measured.
    low, high : float
        95 % interval of the difference; of counts, of what ``now`` would be at the rate before.
    drivers : tuple of Driver
        Where it came from, the largest part first; empty where the change is not sure.
    """

    finding: Finding
    series: str
    counted: bool
    before: float
    now: float
    low: float
    high: float
    drivers: tuple[Driver, ...] = ()

    @property
    def difference(self) -> float:
        """What the number moved by."""
        return self.now - self.before

    @property
    def sure(self) -> bool:
        """Whether the interval leaves out no change at all."""
        return self.low > 0 or self.high < 0


def changes(
    finding: Finding, now: pd.DataFrame, before: pd.DataFrame, dimensions: Sequence[str]
) -> Iterator[Change]:
    """Compare the records of a finding in two ranges of equal length, series by series.

    Parameters
    ----------
    finding : Finding
        Its definition; findings of one unit a record (volumes) are counted.
    now, before : DataFrame
        Records, as :meth:`~insights.finding.Finding.drill` returns them.
    dimensions : sequence of str
        Columns that may explain a change; those the records lack are left out.
    """
    names = list(finding.series)
    keys = dict.fromkeys([*_rows(now, names), *_rows(before, names)] if names else [()])
    counted = bool((now["value"] == 1).all() and (before["value"] == 1).all())
    for key in keys:
        mine, theirs = (_of(rows, names, key) for rows in (now, before))
        found = _change(finding, " ".join(map(str, key)), counted, mine, theirs)
        if found.sure:
            chosen = [name for name in dimensions if name in mine and name not in names]
            found = _explained(found, mine, theirs, chosen)
        yield found


def explaining(finding: Finding) -> tuple[str, ...]:
    """Return the dimensions of a finding that can explain a change: all but the calendar."""
    return tuple(name for name in finding.dimensions if name not in CALENDAR)


def _rows(rows: pd.DataFrame, names: Sequence[str]) -> list[tuple[object, ...]]:
    return list(rows[list(names)].drop_duplicates().itertuples(index=False, name=None))


def _of(rows: pd.DataFrame, names: Sequence[str], key: Sequence[object]) -> pd.DataFrame:
    for name, value in zip(names, key, strict=True):
        rows = rows[rows[name] == value]
    return rows


def _change(
    finding: Finding, series: str, counted: bool, now: pd.DataFrame, before: pd.DataFrame
) -> Change:
    if counted:
        low, high = _count_interval(len(now), len(before))
        return Change(finding, series, True, len(before), len(now), low, high)
    mine, theirs = (rows["value"].astype("float64") for rows in (now, before))
    low, high = _mean_interval(mine, theirs)
    return Change(finding, series, False, theirs.mean(), mine.mean(), low, high)


def _count_interval(now: int, before: int) -> tuple[float, float]:
    """Return the interval of the difference of two Poisson counts over equal ranges.

    The share of the first in their sum is binomial (Przyborowski and Wilenski 1940).
    """
    total = now + before
    if not total:
        return math.nan, math.nan
    found = stats.binomtest(now, total).proportion_ci(LEVEL, method="wilson")
    return total * (2 * found.low - 1), total * (2 * found.high - 1)


def _mean_interval(now: pd.Series[float], before: pd.Series[float]) -> tuple[float, float]:
    """Return Welch's interval of the difference of two means; NaN where there is too little."""
    if min(len(now), len(before)) < _FEW or not now.std() + before.std():
        return math.nan, math.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # one of the two may be all the same
        found = stats.ttest_ind(now, before, equal_var=False).confidence_interval(LEVEL)
    return float(found.low), float(found.high)


def _explained(
    found: Change, now: pd.DataFrame, before: pd.DataFrame, dimensions: Sequence[str]
) -> Change:
    drivers = [
        driver
        for name in dimensions
        for driver in _parts(found, now, before, name)
        if driver.share > 0
    ]
    best = sorted(drivers, key=lambda each: (-each.share, each.dimension, each.value))
    return Change(**{**vars(found), "drivers": tuple(best[:3])})


def _parts(found: Change, now: pd.DataFrame, before: pd.DataFrame, name: str) -> Iterator[Driver]:
    values = dict.fromkeys([*now[name].dropna(), *before[name].dropna()])
    if len(values) < 2:  # noqa: PLR2004 - one value alone explains nothing
        return
    for value in values:
        mine, theirs = now[now[name] == value], before[before[name] == value]
        own = _change(found.finding, found.series, found.counted, mine, theirs)
        if not own.sure:
            continue
        part = _weight(mine, now, found.counted) - _weight(theirs, before, found.counted)
        yield Driver(name, str(value), part, part / found.difference)


def _weight(part: pd.DataFrame, whole: pd.DataFrame, counted: bool) -> float:
    """Return what the records of a value give to the number of their range."""
    if counted:
        return float(len(part))
    return float(part["value"].astype("float64").sum() / len(whole)) if len(whole) else 0.0
