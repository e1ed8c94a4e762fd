"""What a rule is about, as numbers: one series a group, one place a bucket."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from insights.alerts.calendar import Calendar

Numbers = NDArray[np.float64]
EVERYTHING = ""  # the group of a rule that splits by nothing
BEFORE = -1  # the bucket of what was earlier than the calendar
_NUMBERS = {"mean": "mean", "median": "median", "p90": "p90", "negative_share": "mean"}
_NUMBERS |= {"polarity": "mean"}
_RECORDS = 5  # behind a bucket that are named in an alert


@dataclass(frozen=True)
class Records:
    """Rows a rule looks at, and their place in its calendar.

    Attributes
    ----------
    table : pandas.DataFrame
        bucket, group, value, record_id, simulated; ``text`` where a rule reads texts.
    began : int
        Bucket of the first record there ever was, ``BEFORE`` if it is earlier than the calendar.
    split : bool
        Whether they are split into groups.
    """

    table: pd.DataFrame
    began: int
    split: bool


NOTHING = Records(pd.DataFrame(), BEFORE, split=True)


@dataclass(frozen=True)
class Series:
    """One group over a calendar.

    Attributes
    ----------
    group : str
        Its name, empty for everything.
    counts : array of float64, shape (buckets,)
        Records of each bucket.
    values : array of float64, shape (buckets,)
        The number that is judged; not a number where there is none.
    began : int
        Bucket of the first record there ever was.
    """

    group: str
    counts: Numbers
    values: Numbers
    began: int

    def known(self, place: int, lookback: int) -> bool:
        """Return whether a group was seen in a bucket or those its judgment reads."""
        seen = self.counts[max(place - lookback, 0) : place + 1]
        return self.group == EVERYTHING or bool(seen.any())


def series_of(
    records: Records, calendar: Calendar, number: str, how: str | None, also: Iterable[str]
) -> Mapping[str, Series]:
    """Return the series of every group that has a record, of ``also``, and of everything.

    Parameters
    ----------
    records : Records
        What is counted.
    calendar : Calendar
        Its buckets.
    number : str
        ``count``, ``mean``, ``median``, ``p90``, ``polarity``, ``negative_share`` or a column.
    how : str, optional
        Aggregation of a column; None for the numbers every table has.
    also : iterable of str
        Groups that are judged even without a record.
    """
    table = records.table
    inside = table[(table["bucket"] >= 0) & (table["bucket"] < len(calendar))]
    cells = inside.groupby(["group", "bucket"], sort=True)
    counts = cells["value"].count()
    values = counts if number == "count" else _aggregated(cells, number, how)
    size, blank = len(calendar), 0.0 if number == "count" else np.nan
    seen = {str(group): own.droplevel(0) for group, own in counts.groupby(level=0)}
    told = {str(group): own.droplevel(0) for group, own in values.groupby(level=0)}
    return {
        group: Series(
            group,
            _dense(seen.get(group), size, 0.0),
            _dense(told.get(group), size, blank),
            records.began,
        )
        for group in dict.fromkeys([*seen, *also])
    }


def _aggregated(cells: Any, number: str, how: str | None) -> pd.Series[Any]:
    if how is not None:
        return cast("pd.Series[Any]", cells[number].agg(how))
    known = _NUMBERS[number]
    if known == "p90":
        return cast("pd.Series[Any]", cells["value"].quantile(0.9))
    return cast("pd.Series[Any]", cells["value"].agg(known))


def _dense(cells: pd.Series[Any] | None, size: int, blank: float) -> Numbers:
    found = np.full(size, blank)
    if cells is not None:
        found[cells.index.to_numpy(np.int64)] = cells.to_numpy(np.float64)
    return found


def evidence(records: Records, group: str, place: int) -> pd.DataFrame:
    """Return the first records of one bucket of one group."""
    table = records.table
    own = table[(table["bucket"] == place) & (table["group"] == group)]
    return own.head(_RECORDS)
