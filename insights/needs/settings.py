"""What a business decides about its needs: what counts, how far trends look, when it is urgent."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, field_validator

DIMENSIONS = ("segment", "item_id", "category", "brand", "channel", "source")


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class UrgencySettings(_Settings):
    """How much of each kind of evidence counts fully; less of it counts in proportion.

    Parameters
    ----------
    deadline_share : float
        Share of texts with words of urgency.
    repeat_share : float
        Share of customers who wrote about it on two days or more.
    growth : float
        Lower end of the trend's interval, above 1.
    waiting_days : float
        Age of the oldest message about it that nobody answered.
    """

    deadline_share: Annotated[float, Field(gt=0, le=1)] = 0.2
    repeat_share: Annotated[float, Field(gt=0, le=1)] = 0.2
    growth: Annotated[float, Field(gt=1)] = 2.0
    waiting_days: PositiveFloat = 3.0


class NeedSettings(_Settings):
    """Needs and what is said of them.

    Parameters
    ----------
    taxonomies : tuple of str
        Those whose labels are needs; empty for all that texts were sorted by.
    least_questions : int
        Near-duplicate questions that make a need.
    trend_days : float
        Length of the period whose trend is told where no range is given.
    quotes : int
        Most quotes of a need.
    drivers : tuple of str
        Columns in which drivers are looked for.
    support : int
        Texts of a need that a driver must have.
    most_drivers : int
        Most drivers of a need.
    effort : float
        Person-months of a need about which nothing was recorded.
    change : datetime, optional
        When something changed for needs without a date of their own; naive times are those of the
        report's zone.
    effect_days : float
        Days before and after a change that are compared.
    effect_texts : int
        Texts in both together below which nothing is concluded.
    urgency : UrgencySettings
        What is urgent.
    """

    taxonomies: tuple[str, ...] = ()
    least_questions: Annotated[int, Field(ge=2)] = 3
    trend_days: PositiveFloat = 28
    quotes: PositiveInt = 3
    drivers: tuple[str, ...] = DIMENSIONS
    support: PositiveInt = 5
    most_drivers: PositiveInt = 3
    effort: PositiveFloat = 1.0
    change: datetime | None = None
    effect_days: PositiveFloat = 28
    effect_texts: PositiveInt = 10
    urgency: UrgencySettings = UrgencySettings()

    @field_validator("drivers")
    @classmethod
    def _known(cls, told: tuple[str, ...]) -> tuple[str, ...]:
        unknown = sorted(set(told) - set(DIMENSIONS))
        if unknown:
            raise ValueError(f"expected some of {', '.join(DIMENSIONS)}; received {unknown}")
        return told
