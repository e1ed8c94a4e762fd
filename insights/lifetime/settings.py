"""What a business decides about the value of its customers: how far to look, at which discount."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat

from insights.lifetime.buying import Kind


class LifetimeSettings(BaseModel):
    """How customer value and churn are estimated.

    Parameters
    ----------
    model : {"bg_nbd", "mbg_nbd"}
        Whether nobody, or anybody, may leave after the first purchase.
    horizon_days : int
        Days ahead that purchases and value are expected for, and days held out to measure the
        error.
    discount_rate : float
        A year; 0.1 makes 110 of next year worth 100 of today.
    penalty : float
        Keeps the parameters of the models small where customers are few; 0 for none.
    least_repeaters : int
        Customers who bought on two days or more, without whom nothing is estimated.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Kind = "mbg_nbd"
    horizon_days: Annotated[int, Field(ge=1, le=1095)] = 90
    discount_rate: NonNegativeFloat = 0.1
    penalty: NonNegativeFloat = 0.0
    least_repeaters: Annotated[int, Field(ge=10)] = 50
