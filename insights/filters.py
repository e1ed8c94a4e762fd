"""Which records a finding looks at, and in whose calendar."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

import pandas as pd
from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

Period = Literal["day", "week", "month"]
_OFFSETS = {"day": "D", "week": "W-SUN", "month": "M"}


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(
            f"unknown time zone {name!r}: expected an IANA name such as Asia/Shanghai or UTC"
        )
    return name


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


class Filters(BaseModel):
    """Time range, zone and period of a finding.

    Parameters
    ----------
    since, until : datetime, optional
        Half-open range ``since <= time < until``; naive times are UTC.
    zone : str
        IANA time zone in which days, weeks and months begin.
    period : {"day", "week", "month"}
        Length of one bucket; weeks begin on Monday.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: Annotated[datetime | None, AfterValidator(_aware)] = None
    until: Annotated[datetime | None, AfterValidator(_aware)] = None
    zone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    period: Period = "week"

    @model_validator(mode="after")
    def _ordered(self) -> Filters:
        if self.since and self.until and self.since >= self.until:
            raise ValueError(f"since ({self.since}) must be before until ({self.until})")
        return self

    def keep(self, frame: pd.DataFrame, time: str = "occurred_at") -> pd.DataFrame:
        """Return the rows of ``frame`` whose ``time`` lies in the range."""
        if self.since is not None:
            frame = frame[frame[time] >= self.since]
        if self.until is not None:
            frame = frame[frame[time] < self.until]
        return frame

    def bucket(self, times: pd.Series) -> pd.Series:
        """Return the first local day of each time's bucket, as ``YYYY-MM-DD``."""
        local = times.dt.tz_convert(ZoneInfo(self.zone)).dt.tz_localize(None)
        starts: pd.Series = local.dt.to_period(_OFFSETS[self.period]).dt.start_time.dt.strftime(
            "%Y-%m-%d"
        )
        return starts
