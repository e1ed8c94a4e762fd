"""Which records a finding looks at, and in whose calendar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

import ibis
from ibis import _
from ibis.expr.types import Table, Value
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationInfo,
    field_validator,
    model_validator,
)

from insights.functions import utc, wall_clock

Sentiment = Literal["positive", "neutral", "negative"]
Period = Literal["hour", "day", "week", "month"]
PERIODS: tuple[Period, ...] = ("hour", "day", "week", "month")
_UNITS = {"hour": "h", "day": "D", "week": "W", "month": "M"}


def known_zone(name: str) -> str:
    """Return a time zone's name.

    Raises
    ------
    ValueError
        If there is no such zone.
    """
    if name not in available_timezones():
        raise ValueError(
            f"unknown time zone {name!r}: expected an IANA name such as Asia/Shanghai or UTC"
        )
    return name


def _several(told: object) -> object:
    return (told,) if isinstance(told, str) else told


Names = Annotated[tuple[str, ...], BeforeValidator(_several)]
Sentiments = Annotated[tuple[Sentiment, ...], BeforeValidator(_several)]


class Chosen(BaseModel):
    """Which records are meant.

    Parameters
    ----------
    channel, agent, customer, source : tuple of str
        Keep records of any of these; empty keeps all.
    category, segment : tuple of str
        The same for what a conversation is about and for what its customer is.
    room : tuple of str
        Chats, as their source calls them, whatever sessions they are cut into.
    own_of : tuple of str
        Members of staff: keep what is about customers of theirs, see
        :mod:`insights.own_customers`; records that tell no customer are refused.
    sentiment : tuple of {"positive", "neutral", "negative"}
        Keep conversations in which a customer wrote at least one text judged so, see
        :mod:`insights.judged`; records that tell no conversation are refused.
    label : tuple of str
        Labels of the conversation.
    label_match : {"all", "any"}
        Whether a conversation must carry all of the labels or any.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    channel: Names = ()
    agent: Names = ()
    customer: Names = ()
    source: Names = ()
    category: Names = ()
    segment: Names = ()
    room: Names = ()
    own_of: Names = ()
    sentiment: Sentiments = ()
    label: Names = ()
    label_match: Literal["all", "any"] = "all"

    @classmethod
    def of(cls, settings: Mapping[str, object]) -> Self:
        """Read the settings of a verb that have a field's name; ``sources`` is the source.

        What is None or empty was not told. (A setting cannot be called ``source``: that is the
        group of what ``python -m ingest`` reads.)
        """
        named = {**settings, "source": settings.get("sources")}
        told = {name: named.get(name) for name in cls.model_fields}
        return cls.model_validate({n: each for n, each in told.items() if each not in (None, [])})

    def told(self) -> str:
        """Return what was chosen in words."""
        named = self.model_dump(include=set(Chosen.model_fields), exclude_defaults=True)
        return "; ".join(
            f"{name} {values if isinstance(values, str) else ', '.join(values)}"
            for name, values in named.items()
        )


class Filters(Chosen):
    """Time range, calendar and selection of a finding; what is selected as :class:`Chosen` says.

    Parameters
    ----------
    since, until : datetime, optional
        Half-open range ``since <= time < until``; naive times are those of ``zone``.
    zone : str
        IANA time zone in which hours, days, weeks and months begin.
    period : {"hour", "day", "week", "month"}
        Length of one bucket; weeks begin on Monday.
    """

    zone: Annotated[str, AfterValidator(known_zone)] = "UTC"  # first: naive times are read in it
    since: datetime | None = None
    until: datetime | None = None
    period: Period = "week"

    @field_validator("since", "until")
    @classmethod
    def _aware(cls, moment: datetime | None, info: ValidationInfo) -> datetime | None:
        if moment is None or moment.tzinfo is not None:
            return moment
        return moment.replace(tzinfo=ZoneInfo(info.data.get("zone", "UTC"))).astimezone(UTC)

    @model_validator(mode="after")
    def _ordered(self) -> Filters:
        if self.since and self.until and self.since >= self.until:
            raise ValueError(f"since ({self.since}) must be before until ({self.until})")
        return self

    @property
    def chosen(self) -> Mapping[str, tuple[str, ...]]:
        """The columns that are restricted to some values."""
        named = {
            "channel": self.channel,
            "agent": self.agent,
            "customer_id": self.customer,
            "source": self.source,
            "category": self.category,
            "segment": self.segment,
            "room": self.room,
        }
        return {column: values for column, values in named.items() if values}

    def now(self) -> datetime:
        """Return the moment that "now" means: the end of the range, else the clock's."""
        return self.until or datetime.now(UTC)

    def keep(self, rows: Table) -> Table:
        """Return the rows of ``rows`` whose ``at`` lies in the range and that were chosen."""
        if self.since is not None:
            rows = rows.filter(_.at >= microseconds(self.since))
        if self.until is not None:
            rows = rows.filter(_.at < microseconds(self.until))
        for column, values in self.chosen.items():
            rows = rows.filter(rows[column].isin(values))
        return rows

    def labeled(self, rows: Table, labels: Table) -> Table:
        """Return the rows whose conversation carries the labels asked for."""
        if not self.label:
            return rows
        found = labels.filter(_.label.isin(self.label)).group_by("conversation_id")
        count = found.agg(found=_.label.nunique())
        enough = len(set(self.label)) if self.label_match == "all" else 1
        return rows.semi_join(count.filter(_.found >= enough), "conversation_id")

    def bucket(self, at: Value) -> Value:
        """Return the first local day of each moment's bucket, or its local hour with the offset."""
        local = self.local(at)
        start = local.truncate(_UNITS[self.period])
        if self.period != "hour":
            return start.strftime("%Y-%m-%d")
        return start.strftime("%Y-%m-%dT%H:%M") + _offset(local, at)

    def local(self, at: Value) -> Value:
        """Return the wall clock of the report's zone at moments in microseconds."""
        return wall_clock(ibis.literal(self.zone), utc(at))


@dataclass(frozen=True)
class Split:
    """What was asked to split a number, where a length of time stands for the period.

    Attributes
    ----------
    by : list of str, optional
        Columns; None for the finding's own.
    period : {"hour", "day", "week", "month"}, optional
        Length of time that was named among them.
    """

    by: list[str] | None
    period: Period | None

    @classmethod
    def of(cls, told: Sequence[str] | str | None) -> Split:
        """Read ``day``, ``[week, channel]``, ``[]`` or None.

        Raises
        ------
        ValueError
            If two lengths of time are named.
        """
        if told is None:
            return cls(None, None)
        names = [told] if isinstance(told, str) else list(told)
        grains = [name for name in PERIODS if name in names]
        if len(grains) > 1:
            raise ValueError(f"by={names}: expected one of {', '.join(PERIODS)}, received {grains}")
        by = ["period" if name in grains else name for name in names]
        return cls(by, grains[0] if grains else None)


def _offset(local: Value, at: Value) -> Value:
    """Tell the repeated hour of autumn from the first one."""
    ahead = ((local.epoch_seconds() - at // 1_000_000) // 60).cast("int64")
    whole = ahead.abs()
    sign = (ahead < 0).ifelse("-", "+")
    hour = (whole // 60).cast("string").lpad(2, "0")
    minute = (whole % 60).cast("string").lpad(2, "0")
    return sign + hour + ":" + minute


def microseconds(moment: datetime) -> int:
    """Return an aware moment as whole microseconds since 1970."""
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
