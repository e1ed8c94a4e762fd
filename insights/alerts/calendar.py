"""Buckets of time in a zone: where each begins, and which hour of the week it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from insights.filters import microseconds

Bucket = Literal["quarter_hour", "hour", "day", "week"]
PER_WEEK: dict[Bucket, int] = {"quarter_hour": 672, "hour": 168, "day": 7, "week": 1}
_MINUTES: dict[Bucket, int] = {"quarter_hour": 15, "hour": 60, "day": 1440, "week": 10_080}
Moments = NDArray[np.int64]


@dataclass(frozen=True)
class Calendar:
    """Consecutive whole buckets.

    Attributes
    ----------
    edges : array of int64, shape (buckets + 1,)
        Where each begins, and where the last one ends; microseconds since 1970.
    slots : array of int64, shape (buckets,)
        Place in the local week, the same for the same weekday and time of day.
    days : array of int64, shape (buckets,)
        Number of the first bucket of the same local day.
    first : int
        Number of the first bucket that is judged; those before it are history.
    """

    edges: Moments
    slots: Moments
    days: Moments
    first: int

    @classmethod
    def between(
        cls, bucket: Bucket, zone: str, since: datetime, until: datetime, lookback: int = 0
    ) -> Calendar:
        """Return the whole buckets from the first that begins at or after ``since``.

        Parameters
        ----------
        bucket : {"quarter_hour", "hour", "day", "week"}
            Their length; quarters and hours are real time, days and weeks local.
        zone : str
            IANA time zone.
        since, until : datetime
            Aware; the last bucket ends at ``until`` or before.
        lookback : int
            Buckets of history before the first.
        """
        length = timedelta(minutes=_MINUTES[bucket])
        place = ZoneInfo(zone)
        begin = _floor(bucket, (since - (lookback + 2) * length).astimezone(place))
        starts = [begin]
        while (following := _next(bucket, starts[-1], length)) <= until:
            starts.append(following)
        edges = np.array([microseconds(start) for start in starts], np.int64)
        local = [start.astimezone(place) for start in starts[:-1]]
        slots = [(at.weekday() * 24 + at.hour) * 4 + at.minute // 15 for at in local]
        dates = np.array([at.toordinal() for at in local], np.int64)
        first = int(np.searchsorted(edges[:-1], microseconds(since)))
        days = np.searchsorted(dates, dates)
        return cls(edges, np.array(slots, np.int64), days.astype(np.int64), first)

    def __len__(self) -> int:
        return len(self.slots)

    def places(self, at: Moments) -> Moments:
        """Return the bucket of each moment; -1 and ``len(self)`` where it is in none."""
        found = np.searchsorted(self.edges, at, side="right") - 1
        return found.astype(np.int64)


def last_bucket(bucket: Bucket, zone: str, until: datetime) -> datetime:
    """Return the beginning of the last whole bucket that ends at ``until`` or before."""
    length = timedelta(minutes=_MINUTES[bucket])
    calendar = Calendar.between(bucket, zone, until - 2 * length, until)
    return moment(int(calendar.edges[-2]))


def moment(at: int) -> datetime:
    """Return microseconds since 1970 as an aware moment."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)


def _floor(bucket: Bucket, local: datetime) -> datetime:
    if bucket in ("quarter_hour", "hour"):
        minute = local.minute - local.minute % 15 if bucket == "quarter_hour" else 0
        return local.replace(minute=minute, second=0, microsecond=0).astimezone(UTC)
    day = local.date()
    if bucket == "week":
        day -= timedelta(days=day.weekday())
    return _midnight(day, local)


def _midnight(day: date, like: datetime) -> datetime:
    return datetime.combine(day, time.min, tzinfo=like.tzinfo)


def _next(bucket: Bucket, start: datetime, length: timedelta) -> datetime:
    if bucket in ("quarter_hour", "hour"):
        return start + length
    return _midnight(start.date() + length, start)
