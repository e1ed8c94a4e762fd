"""What a time expression means, and which stretch of time it is once the speaking time is known.

"明天下午三点" means the same in every message, so it is found and cached as ``days=+1 hour=15
minute=0``; only :func:`resolve`, given when and where a message was written, makes a date of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta  # type: ignore[import-untyped]

from features.text.entities.festivals import festival_day

_SET = ("year", "month", "day", "hour", "minute")  # become this
_SHIFT = ("years", "months", "weeks", "days", "hours", "minutes")  # move by this much
_CALENDAR = ("years", "months", "weeks", "days")
_WEEKDAYS = ("weekday", "coming", "latest")
_LONG = ("hours_long", "days_long", "months_long")
KEYS = (*_SHIFT, *_WEEKDAYS, *_SET, "from_end", "festival", *_LONG)
_JUST_PAST = 120  # days: in May, "the Spring Festival" is the one before
_DAY = {"hour": 0, "minute": 0, "second": 0, "microsecond": 0}


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time, ``start <= t < end``, both in UTC."""

    start: datetime
    end: datetime


def meaning(fields: Mapping[str, int]) -> str:
    """Return the fields as text, such as ``days=+1 hour=15``, in a fixed order."""
    shown = {key: fields[key] for key in KEYS if key in fields}
    return " ".join(f"{k}={v:+d}" if k in _SHIFT else f"{k}={v}" for k, v in shown.items())


def resolve(value: str, said_at: datetime, zone: str = "UTC") -> Period:
    """Return the stretch of time that an expression meant when it was said.

    Parameters
    ----------
    value : str
        From a span of kind ``time``. Keys: ``year`` … ``minute`` set, ``years`` … ``minutes``
        shift; ``weekday`` (1 = Monday) is a day of the shifted week, ``coming`` the first such day
        from today on, ``latest`` the last one before today; ``from_end`` is so many days before
        the end of the month; ``festival`` is a place in
        :data:`features.text.entities.festivals.FESTIVALS`: where no year is named the next such
        day, or the last one if it is at most 120 days ago; ``hours_long``, ``days_long``,
        ``months_long`` its length where that is not the smallest unit named. Hours and minutes are
        shifted as time passes, all else by the calendar: across a change of clocks "in two hours"
        is two hours later.
    said_at : datetime
        When the message was written, with a time zone.
    zone : str
        IANA name of the zone the writer lives in, such as ``Asia/Shanghai``.

    Raises
    ------
    ValueError
        If the value names an unknown key or a date that does not exist, or ``said_at`` has no zone.

    Examples
    --------
    >>> resolve("days=+1 hour=15", datetime(2024, 5, 14, 18, tzinfo=UTC), "Asia/Shanghai").start
    datetime.datetime(2024, 5, 16, 7, 0, tzinfo=datetime.timezone.utc)
    """
    if said_at.tzinfo is None:
        raise ValueError(f"said_at {said_at}: expected a time with a zone, got one without")
    fields = _fields(value)
    passing = _delta({key: fields[key] for key in ("hours", "minutes") if key in fields})
    later = said_at.astimezone(UTC) + passing
    local = later.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    try:
        start = _start(local, fields)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"time {value!r}: no such date ({error})") from error
    place = ZoneInfo(zone)
    end = start + _length(fields)
    return Period(*(t.replace(tzinfo=place).astimezone(UTC) for t in (start, end)))


def _fields(value: str) -> dict[str, int]:
    fields = {}
    for part in value.split():
        key, _, number = part.partition("=")
        if key not in KEYS:
            raise ValueError(f"time {value!r}: unknown key {key!r}, expected one of {KEYS}")
        fields[key] = int(number)
    return fields


def _start(now: datetime, fields: Mapping[str, int]) -> datetime:
    moved: datetime = now + _delta({key: fields[key] for key in _CALENDAR if key in fields})
    if "festival" in fields:
        moved = _festival(now, fields)
    if "weekday" in fields:
        moved += relativedelta(days=fields["weekday"] - moved.isoweekday())
    if "coming" in fields:
        moved += relativedelta(days=(fields["coming"] - moved.isoweekday()) % 7)
    if "latest" in fields:
        moved -= relativedelta(days=(moved.isoweekday() - fields["latest"] - 1) % 7 + 1)
    if "hours" in fields or "minutes" in fields:
        return moved.replace(second=0, microsecond=0)
    if "from_end" in fields:
        ends = moved.replace(day=1) + relativedelta(months=1)
        moved = ends - relativedelta(days=fields["from_end"])
    grain = _grain(fields)
    floor: dict[str, int] = dict(_DAY)
    if grain == "weeks":
        moved += relativedelta(days=1 - moved.isoweekday())
    if grain in ("months", "years"):
        floor["day"] = 1
    if grain == "years":
        floor["month"] = 1
    exact = {key: fields[key] for key in _SET if key in fields and "festival" not in fields}
    return moved.replace(**cast("dict[str, Any]", {**floor, **exact}))


def _festival(now: datetime, fields: Mapping[str, int]) -> datetime:
    """Return the day of a festival: of the year named, else the one just past or the next."""
    number, today = fields["festival"], now.date()
    if "year" in fields or "years" in fields:
        year = fields.get("year", now.year + fields.get("years", 0))
        return datetime.combine(festival_day(number, year), now.time())
    days = [festival_day(number, today.year + shift) for shift in (-1, 0, 1)]
    meant = next(day for day in days if (today - day).days <= _JUST_PAST)
    return datetime.combine(meant, now.time())


def _grain(fields: Mapping[str, int]) -> str:
    """Return the smallest unit an expression names."""
    if "minute" in fields or "minutes" in fields or "hours" in fields:
        return "minutes"
    if "hour" in fields:
        return "hours"
    if {"day", "days", "from_end", "festival", *_WEEKDAYS} & set(fields):
        return "days"
    if "weeks" in fields:
        return "weeks"
    return "months" if {"month", "months"} & set(fields) else "years"


def _length(fields: Mapping[str, int]) -> relativedelta:
    for key in _LONG:
        if key in fields:
            return _delta({key.removesuffix("_long"): fields[key]})
    return _delta({_grain(fields): 1})


def _delta(shifts: Mapping[str, int]) -> relativedelta:
    return relativedelta(**cast("dict[str, Any]", dict(shifts)))
