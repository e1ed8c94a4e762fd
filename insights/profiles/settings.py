"""What a business decides about interests: what counts how much, and how quickly it fades."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, NonNegativeFloat, PositiveFloat, PositiveInt


class InterestSettings(BaseModel):
    """How the score of an interest is made. Every part is points, and the score is their sum.

    Parameters
    ----------
    half_life_days : float
        Something this old counts half.
    purchase, cart, view : float
        Points of one act.
    rating : float
        Points of five stars; one star takes as many away, three are worth nothing.
    conversation : float
        Points of ``minutes_per_point`` minutes of conversation.
    minutes_per_point : float
        Active minutes of conversation that are worth ``conversation`` points.
    longest_minutes : float
        Active minutes of one conversation that count at most: who waits long or writes slowly is
        not more interested.
    top : int
        So many interests are shown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    half_life_days: PositiveFloat = 60.0
    purchase: NonNegativeFloat = 3.0
    cart: NonNegativeFloat = 1.5
    view: NonNegativeFloat = 0.5
    rating: NonNegativeFloat = 2.0
    conversation: NonNegativeFloat = 1.0
    minutes_per_point: PositiveFloat = 10.0
    longest_minutes: PositiveFloat = 30.0
    top: PositiveInt = 10
