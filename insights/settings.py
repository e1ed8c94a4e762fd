"""What a business decides about its reports: gaps, opening hours, promises, staffing."""

from __future__ import annotations

from datetime import date, time
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from insights.filters import Names, known_zone
from insights.lifetime.settings import LifetimeSettings
from insights.needs.priority import NegativeVolumeTrend, Priority
from insights.needs.settings import NeedSettings
from insights.profiles.settings import InterestSettings

Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
DAYS: tuple[Day, ...] = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)


def _midnight(told: object) -> object:
    return time.max if told == "24:00" else told


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SessionSettings(_Settings):
    """How messages of sources without a conversation object are cut into sessions.

    Parameters
    ----------
    sources : tuple of str
        Values of ``messages.source`` whose ``conversation_id`` is only a room or a pair of people.
    gap_minutes : int
        Silence longer than this begins a new session.
    channel_gap_minutes : dict of str to int
        Gaps of single channels that differ from the default.
    active_gap_minutes : int
        Silence longer than this is no active time.
    """

    sources: tuple[str, ...] = ("chatlog", "wecom", "slack", "rocketchat")
    gap_minutes: PositiveInt = 30
    channel_gap_minutes: dict[str, PositiveInt] = Field(default_factory=dict)
    active_gap_minutes: PositiveInt = 10

    def told(self) -> str:
        """Return the gaps in words, as they are recorded beside every number."""
        own = [f"{channel} {gap}" for channel, gap in sorted(self.channel_gap_minutes.items())]
        return f"{self.gap_minutes} min" + (f" ({', '.join(own)})" if own else "")


class Shift(_Settings):
    """Hours of one stretch of a day, ``opens`` before ``closes``; 24:00 is midnight.

    Parameters
    ----------
    opens, closes : str or time
        Wall clock, such as ``09:00`` and ``18:00``.
    """

    opens: time
    closes: Annotated[time, BeforeValidator(_midnight)]

    @model_validator(mode="after")
    def _ordered(self) -> Shift:
        if self.closes <= self.opens:
            raise ValueError(
                f"hours {self.opens}-{self.closes}: expected opening before closing; "
                "split a night shift at midnight, 22:00-24:00 and 00:00-06:00"
            )
        return self


class HoursSettings(_Settings):
    """Opening hours of a business or of one channel.

    Parameters
    ----------
    enabled : bool
        Whether there are opening hours at all.
    zone : str
        IANA time zone of the hours, whatever zone a report is shown in.
    week : dict of day name to list of Shift
        Days that are missing are closed.
    holidays : str, optional
        Country whose statutory holidays are closed and whose make-up days are worked, such as CN.
    make_up_like : str
        Day whose hours a make-up day has.
    closed, worked : tuple of date
        Days of the business's own that are closed, or worked like ``make_up_like``.
    channels : dict of str to HoursSettings
        Hours of channels (inboxes) that differ.
    """

    enabled: bool = False
    zone: Annotated[str, AfterValidator(known_zone)] = "UTC"
    week: dict[Day, tuple[Shift, ...]] = Field(default_factory=dict)
    holidays: Annotated[str, Field(pattern="^[A-Z]{2}$")] | None = None
    make_up_like: Day = "monday"
    closed: tuple[date, ...] = ()
    worked: tuple[date, ...] = ()
    channels: dict[str, HoursSettings] = Field(default_factory=dict)


class SlaSettings(_Settings):
    """What customers are promised; None is no promise.

    Parameters
    ----------
    first_response_minutes, next_response_minutes, resolution_minutes : float, optional
        Longest time to the first reply, to each later reply, to the first resolution.
    clock : {"calendar", "business"}
        Whether minutes outside opening hours count.
    """

    first_response_minutes: PositiveFloat | None = 60
    next_response_minutes: PositiveFloat | None = 60
    resolution_minutes: PositiveFloat | None = None
    clock: Literal["calendar", "business"] = "calendar"


class StaffingSettings(_Settings):
    """The target that a staffing need is computed for.

    Parameters
    ----------
    answered_share : float
        Share of conversations, 0 to 1, that shall be taken up in time.
    answered_within_seconds : float
        The time.
    at_once : int
        Conversations one agent handles at the same time.
    arrivals : {"past", "forecast"}
        Whether the mean of the past or the forecast of the coming days is staffed for.
    """

    answered_share: Annotated[float, Field(gt=0, lt=1)] = 0.8
    answered_within_seconds: NonNegativeFloat = 20
    at_once: PositiveInt = 1
    arrivals: Literal["past", "forecast"] = "past"


class ForecastSettings(_Settings):
    """How far ahead volume is forecast.

    Parameters
    ----------
    days : int
        Days to come.
    interval : float
        Share of days, 0 to 1, that shall lie inside the interval.
    least_weeks : int
        Whole weeks of history without which nothing is forecast.
    """

    days: Annotated[int, Field(ge=1, le=56)] = 14
    interval: Annotated[float, Field(gt=0, lt=1)] = 0.8
    least_weeks: Annotated[int, Field(ge=12)] = 12


class SatisfactionSettings(_Settings):
    """When the business's own surveys are enough to learn satisfaction from text.

    Parameters
    ----------
    least_surveys : int
        Surveyed conversations with analyzed words of the customer, of which the model needs so
        many; with fewer the estimate is polarity alone.
    least_low : int
        Of those, so many rated below 3, and as many rated 3 or above.
    most_surveys : int
        The newest so many are learned from.
    """

    least_surveys: Annotated[int, Field(ge=30)] = 200
    least_low: Annotated[int, Field(ge=5)] = 20
    most_surveys: PositiveInt = 5000


class InsightSettings(_Settings):
    """Everything a message report is configured by.

    Parameters
    ----------
    sessions, hours, sla, staffing, forecast, satisfaction, lifetime
        See their classes.
    repeat_days : int
        Who comes back within so many days of a resolution contacts us repeatedly.
    taxonomy : str
        Whose labels, as ``python -m features`` stored them for the customer's first message, are
        the category of conversations that their source has no category for.
    segmented_by : str
        Attribute of customers that is their segment.
    metrics : tuple of str
        Files, or folders of files, that define findings of the business's own; the folder
        ``metrics`` of the workspace is read as well.
    owners : dict of str to str
        Who looks after a finding, by its name or its definition id, such as
        ``first_response_time: service_lead``; see :mod:`insights.owners`.
    top_questions : int
        So many of the most frequent questions are listed.
    needs, priority
        What makes a need, and how needs are ranked; see their classes.
    interests : InterestSettings
        What an act and a minute of conversation are worth on a profile card.
    """

    sessions: SessionSettings = SessionSettings()
    hours: HoursSettings = HoursSettings()
    sla: SlaSettings = SlaSettings()
    staffing: StaffingSettings = StaffingSettings()
    forecast: ForecastSettings = ForecastSettings()
    satisfaction: SatisfactionSettings = SatisfactionSettings()
    lifetime: LifetimeSettings = LifetimeSettings()
    repeat_days: PositiveInt = 7
    taxonomy: str = "service_categories"
    segmented_by: Annotated[str, Field(pattern=r"^\w+$")] = "segment"
    metrics: Names = ()
    owners: dict[str, Annotated[str, Field(min_length=1)]] = Field(default_factory=dict)
    top_questions: PositiveInt = 20
    needs: NeedSettings = NeedSettings()
    priority: Priority = NegativeVolumeTrend()
    interests: InterestSettings = InterestSettings()
