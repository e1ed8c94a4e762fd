"""Parameters of profiles, declared once."""

from __future__ import annotations

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from features.profile.fusion import WeightedFusion
from features.profile.traits import TraitRules


class DeepSettings(BaseModel):
    """Parameters of the learned fusion.

    Parameters
    ----------
    enabled : bool
        Without it the deep vector is the weighted profile.
    hidden : int
        Width of the correction.
    negatives : int
        Items drawn against each batch.
    learning_rate : float
        Step size of Adam.
    batch_size, epochs : int
        Examples a step; passes at most.
    patience : int
        Passes without improvement on held-out customers before training stops.
    fewest : int
        Fewer acts in the window than this are too little to learn from.
    most : int
        Of more acts, an even random sample of so many is learned from.
    seed : int
        Seed of everything random.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = True
    hidden: PositiveInt = 64
    negatives: PositiveInt = 256
    learning_rate: PositiveFloat = 0.003
    batch_size: PositiveInt = 2048
    epochs: PositiveInt = 8
    patience: PositiveInt = 2
    fewest: PositiveInt = 500
    most: PositiveInt = 50_000
    seed: NonNegativeInt = 0


class ProfileSettings(BaseModel):
    """How blocks are fused and traits are named.

    Parameters
    ----------
    alpha, beta, gamma : float
        Weights of behavior, sentiment and topics, see
        :class:`features.profile.fusion.WeightedFusion`.
    text_half_life_days : float
        A text this old weighs half in moods and topics.
    rules : TraitRules
        Thresholds of stages, bands and moods.
    deep : DeepSettings
        The learned fusion.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    alpha: float = 0.6
    beta: float = 0.25
    gamma: float = 0.15
    text_half_life_days: PositiveFloat = 60.0
    rules: TraitRules = Field(default_factory=TraitRules)
    deep: DeepSettings = Field(default_factory=DeepSettings)

    @model_validator(mode="after")
    def _weights(self) -> ProfileSettings:
        self.fusion()
        return self

    def fusion(self) -> WeightedFusion:
        """Return the weighted fusion of these settings."""
        return WeightedFusion(alpha=self.alpha, beta=self.beta, gamma=self.gamma)
