"""The period that is looked at and the one before it, as far as the data reach."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from ibis import _
from ibis.expr.types import Table

from insights.filters import Filters, microseconds
from insights.functions import DAY

Range = tuple[int, int]


@dataclass(frozen=True)
class Periods:
    """Two half-open ranges of equal length, in microseconds, and what the data cover of them.

    Parameters
    ----------
    now, before : tuple of int
        Start and end.
    first, last : int
        Begin of the data and the end of what is known.
    """

    now: Range
    before: Range
    first: int
    last: int

    def days(self, period: Range) -> float:
        """Return the days of a period that the data cover."""
        start, end = max(period[0], self.first), min(period[1], self.last)
        return max(end - start, 0) / DAY


def reach(texts: Table, filters: Filters) -> Range:
    """Return begin and end of what is known: the first text, and ``until`` or the last text."""
    ends = texts.aggregate(first=_.at.min(), last=_.at.max()).to_pandas()
    if pd.isna(ends["first"][0]):
        return 0, 0
    until = filters.until
    known = int(ends["last"][0]) + 1
    return int(ends["first"][0]), known if until is None else min(known, microseconds(until))


def periods(texts: Table, filters: Filters, days: float) -> Periods:
    """Return the range of the filters and the one before it.

    Parameters
    ----------
    texts : ibis Table
        All analyzed texts of the workspace.
    filters : Filters
        An open range ends with the last text and is ``days`` long.
    days : float
        Length where ``since`` is not given.
    """
    first, last = reach(texts, filters)
    end = last if filters.until is None else microseconds(filters.until)
    start = end - round(days * DAY) if filters.since is None else microseconds(filters.since)
    return Periods(now=(start, end), before=(2 * start - end, start), first=first, last=last)


def inside(rows: Table, period: Range) -> Table:
    """Return the rows written in a period."""
    return rows.filter((rows.at >= period[0]) & (rows.at < period[1]))


def anytime(filters: Filters) -> Filters:
    """Return the filters without the beginning of their range."""
    return filters.model_copy(update={"since": None})
