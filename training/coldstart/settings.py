"""What is taken away, and what is shown, to see how a model starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, ValidationError

from training.plan import PlanError


class ColdStart(BaseModel):
    """What is taken away, and what is shown.

    Parameters
    ----------
    share : float
        Share of the customers of the window, with enough items in it, whose past is taken away.
    clicks : tuple of int
        How many of their first items are shown, a row each.
    item_share : float
        Share of the catalog nobody had yet, as far as the model knows.
    seed : int
        Of both draws.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    share: float = Field(default=0.2, gt=0, le=1)
    clicks: tuple[PositiveInt, ...] = Field(default=(1, 3, 5), min_length=1)
    item_share: float = Field(default=0.2, gt=0, lt=1)
    seed: NonNegativeInt = 0

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> ColdStart | None:
        """Check the part ``cold_start`` of a configuration; None where it is not asked for.

        Raises
        ------
        PlanError
            Naming the setting, what was expected and what was received.
        """
        given = config.get("cold_start")
        if given is None:
            return None
        try:
            return cls(**given)
        except ValidationError as error:
            found = error.errors()[0]
            where = ".".join(str(part) for part in found["loc"])
            raise PlanError(
                f"cold_start.{where}: {found['msg']}, received {found['input']!r}"
            ) from error
