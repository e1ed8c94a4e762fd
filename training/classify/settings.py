"""What can be chosen about fitting a classifier, each choice declared and checked once."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, model_validator

from training.text.settings import FinetuneSettings

One = Literal["few-shot", "trained", "fused", "finetuned"]
Tier = Literal["best", One]


class ClassifierSettings(BaseModel):
    """How a classifier is fitted and judged.

    Parameters
    ----------
    tier : str
        ``few-shot``, ``trained`` or ``fused``, see ``features.text.classifier``; ``best`` fits all
        three and takes the one with the best macro-F1 on folds of the texts that teach;
        ``finetuned`` fits a small transformer, which takes minutes, and is only fitted when asked
        for.
    balanced : bool
        Whether every label counts the same in fitting, however many texts it has; not of the tier
        ``finetuned``.
    held_out : float
        Share of the labeled texts that judge and never teach, chosen by their content.
    curve : int
        Points of the learning curve, each with twice the labels of the one before; 0 draws none.
    resamples : int
        Of the bootstrap.
    seed : int
        Fixes every random choice.
    finetune : FinetuneSettings, optional
        How the tier ``finetuned`` is fitted, which needs it.

    Raises
    ------
    pydantic.ValidationError
        If a key is unknown or a value out of range.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tier: Tier = "best"
    balanced: bool = False
    held_out: Annotated[float, Field(gt=0, lt=1)] = 0.2
    curve: Annotated[int, Field(ge=0, le=12)] = 5
    resamples: Annotated[int, Field(ge=100)] = 2000
    seed: NonNegativeInt = 0
    finetune: FinetuneSettings | None = None

    @model_validator(mode="after")
    def _coherent(self) -> ClassifierSettings:
        if self.tier == "finetuned" and (self.finetune is None or self.balanced):
            raise ValueError(
                f"classifier: tier finetuned needs settings of finetune and balanced=false, got "
                f"finetune={self.finetune} and balanced={self.balanced}; give classifier=finetuned"
            )
        return self
