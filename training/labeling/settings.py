"""What can be chosen about proposing texts to label, each choice declared and checked once."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt


class ProposalSettings(BaseModel):
    """Which texts are proposed for labeling.

    Parameters
    ----------
    count : int
        How many.
    random_share : float
        Share of them chosen at random: what is held out of the labels to judge classifiers by would
        otherwise hold hard texts only.
    alike : float
        Cosine similarity from which two texts count as the same; of those one is proposed.
    pool : int
        Most uncertain texts among which dissimilar ones are looked for.
    batch : int
        Texts read at a time, which bounds memory.
    seed : int
        Decides which are taken at random.

    Raises
    ------
    pydantic.ValidationError
        If a key is unknown or a value out of range.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    count: Annotated[int, Field(ge=1, le=10_000)] = 50
    random_share: Annotated[float, Field(ge=0, le=1)] = 0.2
    alike: Annotated[float, Field(gt=0, le=1)] = 0.85
    pool: PositiveInt = 5000
    batch: PositiveInt = 4096
    seed: NonNegativeInt = 0
