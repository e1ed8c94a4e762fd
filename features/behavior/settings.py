"""Parameters of behavior features, declared once."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt

Names = Annotated[tuple[str, ...], Field(min_length=1)]


class BehaviorSettings(BaseModel):
    """What counts as acting on an item, and how quickly the past fades.

    Parameters
    ----------
    acts : tuple of str
        Event kinds that count as a purchase, by preference: the first kind of which the workspace
        has any event is *the* act, so a shop's views do not dilute its purchases while a workspace
        with nothing but ratings is described by its ratings. If none occurs, every event with an
        item counts.
    half_life_days : float
        An act this old weighs half in category, brand and vector affinities.
    session_gap_minutes : float
        A longer pause between two events of a customer starts a new session.
    top_categories, top_brands : int
        Largest shares kept for a customer.
    active_days : float
        An item gets a row as of T if someone acted on it, or wrote about it, in so many days
        before T.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    acts: Names = ("purchase", "rate", "interact", "view")
    half_life_days: PositiveFloat = 60.0
    session_gap_minutes: PositiveFloat = 30.0
    top_categories: PositiveInt = 50
    top_brands: PositiveInt = 20
    active_days: PositiveFloat = 365.0
