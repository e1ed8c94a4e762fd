"""Rules about one number of a finding: a limit, a change, an anomaly, something new."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from insights.alerts.calendar import PER_WEEK
from insights.alerts.rule import BaseRule
from insights.finding import Family

Direction = Literal["up", "down", "either"]
_DAY_AND_MARGIN = 26  # hours: a day that lengthens in autumn, and the bucket itself


class _FindingRule(BaseRule):
    """A rule about one number of a finding.

    Parameters
    ----------
    finding : str
        Name in the registry.
    family : {"corrected", "chatwoot"}, optional
        Whose definition.
    number : str
        ``count``, ``mean``, ``median``, ``p90`` or what the finding shows beside them.
    minimum : int
        Fewest records of a bucket that a mean, median or p90 is judged by.
    """

    finding: str
    family: Family | None = None
    number: str = "count"
    minimum: NonNegativeInt = 1


class Threshold(_FindingRule):
    """A number above or below a limit."""

    kind: Literal["threshold"]
    above: float | None = None
    below: float | None = None

    @model_validator(mode="after")
    def _limited(self) -> Threshold:
        if self.above is None and self.below is None:
            raise ValueError(f"alert {self.name}: expected above or below, received neither")
        return self


class Change(_FindingRule):
    """A number that rose or fell by so many percent against the bucket before, or a week before."""

    kind: Literal["change"]
    percent: PositiveFloat
    direction: Direction = "up"
    against: Literal["previous", "week_before"] = "previous"

    @property
    def lookback(self) -> int:
        """Buckets before the judged one that its judgment reads."""
        return 1 if self.against == "previous" else PER_WEEK[self.bucket]


class Anomaly(_FindingRule):
    """A count that its weekday and hour did not have in earlier weeks.

    Parameters
    ----------
    p_value : float
        Probability below which a count is no chance.
    times : float
        And at least so many times what was expected (or this part of it, downwards).
    weeks, needed_weeks : int
        Earlier weeks that are looked at, and how many of them there must be.
    """

    kind: Literal["anomaly"]
    number: Literal["count"] = "count"
    direction: Direction = "up"
    p_value: Annotated[float, Field(gt=0, lt=0.5)] = 1e-4
    times: Annotated[float, Field(ge=1)] = 1.5
    minimum: NonNegativeInt = 10
    weeks: Annotated[int, Field(ge=2, le=52)] = 8
    needed_weeks: Annotated[int, Field(ge=2, le=52)] = 4

    @model_validator(mode="after")
    def _possible(self) -> Anomaly:
        if self.needed_weeks > self.weeks:
            raise ValueError(
                f"alert {self.name}: needed_weeks ({self.needed_weeks}) of weeks ({self.weeks})"
            )
        return self

    @property
    def lookback(self) -> int:
        """Buckets before the judged one that its judgment reads."""
        per_week = PER_WEEK[self.bucket]
        return self.weeks * per_week + -(-_DAY_AND_MARGIN * per_week // 168)


class New(_FindingRule):
    """A value of a column that nobody had spoken of, and then several did.

    Parameters
    ----------
    by : str
        The column, such as ``need``; each value has alerts of its own.
    minimum : int
        Records of the value in the last ``within`` buckets.
    within : int
        Buckets that count as lately: whoever is late still counts.
    quiet : int
        Buckets before those without any record of the value; as many are needed of history.
    """

    kind: Literal["new"]
    by: str
    number: Literal["count"] = "count"
    minimum: PositiveInt = 3
    within: PositiveInt = 7
    quiet: PositiveInt = 28

    @property
    def lookback(self) -> int:
        """Buckets before the judged one that its judgment reads."""
        return self.within + self.quiet - 1


FindingRule = Threshold | Change | Anomaly | New
