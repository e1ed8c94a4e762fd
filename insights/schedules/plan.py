"""When a report is due: a cron expression in the wall clock of a zone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    ValidationInfo,
    field_validator,
)

from insights.filters import Names, known_zone

_BACK = timedelta(days=400)  # how far back the last time a report was due is looked for
_FORMATS = (".html", ".pdf")


class Schedule(BaseModel):
    """A report and when it is made.

    Parameters
    ----------
    report : str
        Name of a saved report, a file in ``conf/report``.
    cron : str
        Minute, hour, day of month, month and weekday. Weekdays are named (``mon``, ``mon-fri``):
        numbers mean different days to different programs.
    zone : str
        IANA time zone of ``cron`` and of the report's days. A time that the clock skips in spring
        is made up for an hour later, one it repeats in autumn counts once.
    out : str
        File to write, ``.html`` or ``.pdf``; ``{name}`` and ``{day}`` (local date on which it was
        due) are filled in.
    catch_up : int
        How many missed reports are made afterwards, the newest first to be kept; older ones are
        recorded as skipped.
    to : tuple of str
        Channels of ``delivery`` that it is sent to: by mail with the file, else in words.
    link : str
        Address under which people open the file, ``{name}``, ``{day}`` and ``{file}`` filled in.
    settings : list of str
        Further settings of ``python -m insights``, such as ``hours=china_office``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    report: str
    cron: str
    zone: Annotated[str, AfterValidator(known_zone)] = "UTC"
    out: str = "data/reports/{name}-{day}.pdf"
    catch_up: NonNegativeInt = 4
    to: Names = ()
    link: str = ""
    settings: list[str] = Field(default_factory=list)

    @field_validator("cron")
    @classmethod
    def _readable(cls, told: str) -> str:
        parts = told.split()
        if len(parts) == 5 and re.search(r"\d", parts[4]):  # noqa: PLR2004
            raise ValueError("name the weekday (mon, tue, ..., sun) or write *")
        try:
            _trigger(told, "UTC")
        except ValueError as error:
            raise ValueError(
                "expected minute, hour, day, month and weekday, such as '0 8 * * mon' "
                f"for Mondays at eight; {error}"
            ) from error
        return told

    @field_validator("out", "link")
    @classmethod
    def _filled(cls, told: str, info: ValidationInfo) -> str:
        known = ("name", "day", "file") if info.field_name == "link" else ("name", "day")
        try:
            told.format(**dict.fromkeys(known, ""))
        except (KeyError, IndexError, ValueError) as error:
            fields = ", ".join(f"{{{name}}}" for name in known)
            raise ValueError(f"expected no fields but {fields}") from error
        return told

    @field_validator("out")
    @classmethod
    def _written(cls, told: str) -> str:
        if Path(told).suffix not in _FORMATS:
            raise ValueError(f"expected a file ending in {' or '.join(_FORMATS)}")
        return told

    def times(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """Yield when it is due, in UTC: later than ``after``, no later than ``until``."""
        trigger, zone = _trigger(self.cron, self.zone), ZoneInfo(self.zone)
        moment = after.astimezone(UTC)
        while True:
            moment += timedelta(microseconds=1)
            found = trigger.get_next_fire_time(None, moment.astimezone(zone))
            if found is None or found.astimezone(UTC) > until:
                return
            moment = max(moment, found.astimezone(UTC))
            if moment == found.astimezone(UTC) and not moment.astimezone(zone).fold:
                yield moment

    def next(self, now: datetime) -> datetime | None:
        """Return when it is due next, in UTC; None if never again."""
        return next(self.times(now, now + _BACK), None)

    def last(self, now: datetime) -> datetime | None:
        """Return when it was due last, in UTC; None if that is over a year ago."""
        return max(self.times(now - _BACK, now), default=None)

    def file(self, name: str, due: datetime) -> Path:
        """Return the file of the report that was due then."""
        day = self.until(due)
        return Path(self.out.format(name=name, day=day))

    def address(self, name: str, due: datetime) -> str:
        """Return where people open the report that was due then; empty if nowhere."""
        file = quote(self.file(name, due).name)
        return self.link.format(name=quote(name), day=self.until(due), file=file)

    def until(self, due: datetime) -> str:
        """Return the local midnight before it was due: reports hold whole days."""
        return due.astimezone(ZoneInfo(self.zone)).date().isoformat()


def _trigger(cron: str, zone: str) -> Any:
    from apscheduler.triggers.cron import CronTrigger  # noqa: PLC0415  (only schedules need it)

    return CronTrigger.from_crontab(cron, timezone=ZoneInfo(zone))
