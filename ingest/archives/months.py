"""Months of a business's own calendar, and the moments at which they begin."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_WRITTEN = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, order=True)
class Month:
    """One month of the calendar, such as 2024-12."""

    year: int
    month: int

    def __post_init__(self) -> None:
        if not (1 <= self.year < 9999 and 1 <= self.month <= 12):  # noqa: PLR2004 (a calendar)
            raise ValueError(f"{self.year}-{self.month}: expected a month such as 2024-12")

    @classmethod
    def read(cls, written: str) -> Month:
        """Return the month written as ``2024-12``.

        Raises
        ------
        ValueError
            If it is written otherwise.
        """
        found = _WRITTEN.fullmatch(str(written))
        if found is None:
            raise ValueError(f"{written!r}: expected a month such as 2024-12")
        return cls(int(found.group(1)), int(found.group(2)))

    @property
    def following(self) -> Month:
        """The month after it."""
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    def begin(self, zone: str) -> datetime:
        """Return the moment at which it begins there, in UTC."""
        return datetime(self.year, self.month, 1, tzinfo=_zone(zone)).astimezone(UTC)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


def within(month: Month, zone: str) -> pc.Expression:
    """Return the filter of rows whose ``occurred_at`` lies in a month."""
    at = pc.field("occurred_at")
    return (at >= _micros(month.begin(zone))) & (at < _micros(month.following.begin(zone)))


def months_before(times: pa.ChunkedArray, before: Month, zone: str) -> list[Month]:
    """Return the months in which there are times, oldest first.

    Parameters
    ----------
    times : pyarrow.ChunkedArray
        Timestamps in microseconds, UTC, all before ``before`` begins.
    before : Month
        The month after the last.
    zone : str
        Of the calendar.
    """
    if not len(times):
        return []
    first = pc.min(times).as_py().astimezone(_zone(zone))
    months = [Month(first.year, first.month)]
    while months[-1] < before:
        months.append(months[-1].following)
    begins = np.array([_micros(month.begin(zone)).value for month in months], dtype=np.int64)
    found = times.cast(pa.int64()).to_numpy()
    places = np.unique(np.searchsorted(begins, found, side="right") - 1)
    return [months[place] for place in places]


def _micros(moment: datetime) -> pa.Scalar:
    return pa.scalar(moment, pa.timestamp("us", tz="UTC"))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"zone={name}: expected a time zone such as Asia/Shanghai") from error
