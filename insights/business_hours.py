"""Minutes inside opening hours, for millions of intervals at once.

Opening hours are a staircase: the minutes open since the first day. It is exact at every opening
and closing, straight between them, so the minutes of an interval are the difference of two
interpolations. Openings are wall-clock times of the business's zone and are turned into moments
one by one: a day of 23 or 25 hours needs no special case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import cast
from zoneinfo import ZoneInfo

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from ibis.expr.types import Value

from insights.filters import microseconds
from insights.functions import MINUTE
from insights.settings import DAYS, HoursSettings, Shift

Moments = npt.NDArray[np.int64]
Minutes = npt.NDArray[np.float64]


class BusinessHours:
    """The opening hours of one business or channel over a range of days.

    Parameters
    ----------
    settings : HoursSettings
        Week, zone and holidays.
    first, last : date
        Days covered, generously.
    """

    def __init__(self, settings: HoursSettings, first: date, last: date) -> None:
        self._settings = settings
        self._special = _Special(settings, first.year, last.year)
        stretches = np.array(list(self._stretches(first, last)), dtype=np.int64).reshape(-1, 2)
        self._at = stretches.ravel()
        lengths = np.diff(stretches, axis=1).ravel() / MINUTE
        self._open = np.repeat(np.cumsum(lengths), 2)
        self._open[::2] -= lengths

    def elapsed(self, at: Moments) -> Minutes:
        """Return the minutes open from the first day to each moment (microseconds)."""
        if not len(self._at):
            return np.zeros(len(at))
        return np.interp(at, self._at, self._open)

    def minutes(self, start: Moments, end: Moments) -> Minutes:
        """Return the minutes open within each interval."""
        return self.elapsed(end) - self.elapsed(start)

    def shifts(self, day: date) -> tuple[Shift, ...]:
        """Return the hours of one local day, holidays and make-up days considered."""
        week = self._settings.week
        if self._special.closed(day):
            return ()
        name = self._settings.make_up_like if self._special.worked(day) else DAYS[day.weekday()]
        return week.get(name, ())

    def _stretches(self, first: date, last: date) -> Iterator[tuple[int, int]]:
        zone = ZoneInfo(self._settings.zone)
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            for shift in sorted(self.shifts(day), key=lambda shift: shift.opens):
                yield _moment(day, shift.opens, zone), _moment(day, shift.closes, zone)


class _Special:
    """Days that do not follow the week: holidays, make-up days, the business's own."""

    def __init__(self, settings: HoursSettings, first: int, last: int) -> None:
        self._closed = set(settings.closed)
        self._worked = set(settings.worked)
        if settings.holidays is not None:
            import holidays  # noqa: PLC0415  (only businesses that keep holidays pay for it)

            known = holidays.country_holidays(settings.holidays, years=range(first, last + 1))
            self._worked |= known.weekend_workdays - self._closed
            self._closed |= set(known) - set(settings.worked)

    def closed(self, day: date) -> bool:
        return day in self._closed

    def worked(self, day: date) -> bool:
        return day in self._worked


def _moment(day: date, clock: time, zone: ZoneInfo) -> int:
    if clock == time.max:
        day, clock = day + timedelta(days=1), time.min
    return microseconds(datetime.combine(day, clock, tzinfo=zone).astimezone(UTC))


@lru_cache(maxsize=32)
def _covering(told: str, first: int, last: int) -> BusinessHours:
    settings = HoursSettings.model_validate_json(told)
    day = timedelta(days=1)  # the business's year begins earlier or later than that of UTC
    return BusinessHours(settings, date(first, 1, 1) - day, date(last, 12, 31) + day)


def business_minutes(settings: HoursSettings, channel: Value, start: Value, end: Value) -> Value:
    """Return the minutes of intervals inside the opening hours of their channel, as Ibis.

    Parameters
    ----------
    settings : HoursSettings
        Hours of the business, with those of channels that differ.
    channel, start, end : ibis Value
        Channel of each interval, and its ends in microseconds.
    """
    own = [
        (channel == name, _function(hours)(start, end)) for name, hours in settings.channels.items()
    ]
    usual = _function(settings)(start, end)
    return ibis.cases(*own, else_=usual) if own else usual


@lru_cache(maxsize=32)
def _measure(told: str) -> Callable[[Value, Value], Value]:
    def business(start: pa.Array, end: pa.Array) -> pa.Array:
        from_, to = (moments.to_numpy(zero_copy_only=False) for moments in (start, end))
        valid = ~(np.isnan(from_.astype("float64")) | np.isnan(to.astype("float64")))
        found = np.full(len(from_), np.nan)
        if valid.any():
            known = np.stack([from_[valid], to[valid]]).astype(np.int64)
            hours = _covering(told, _year(known.min()), _year(known.max()))
            found[valid] = hours.minutes(known[0], known[1])
        return pa.array(found, mask=~valid)

    signature = (("int64", "int64"), "float64")
    return cast(
        "Callable[[Value, Value], Value]",
        ibis.udf.scalar.pyarrow(business, signature=signature),
    )


def _function(settings: HoursSettings) -> Callable[[Value, Value], Value]:
    return _measure(settings.model_dump_json())


def _year(at: int) -> int:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(at))).year
