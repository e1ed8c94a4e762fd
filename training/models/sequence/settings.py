"""What the parts of a fit read of the model they belong to, so that none of them imports it."""

from __future__ import annotations

from typing import Any, Literal, Protocol


class SequenceSettings(Protocol):
    """Settings of the network and of its fit, as the constructor of a model describes each.

    :class:`~training.models.sequence.sasrec.SASRec` has them and validates them.
    """

    length: int
    dimensions: int
    blocks: int
    heads: int
    expansion: int
    dropout: float
    loss: Literal["softmax", "sampled", "gbce"]
    negatives: int
    popularity: float
    calibration: float
    windows: Literal["last", "all"]
    items_from: Literal["random", "text"]
    channels: list[str]
    channel_dimensions: int
    attribute_weight: float
    batch_items: int
    learning_rate: float
    warmup: float
    weight_decay: float
    clip: float
    epochs: int
    patience: int
    validation: bool
    precision: Literal["bfloat16", "float32"]
    threads: int
    checkpoints: str | None
    seed: int

    def parameters(self) -> dict[str, Any]:
        """Return all of them by name."""
