"""An encoder with a linear head, as Lightning trains it."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytorch_lightning as lightning
import torch
from numpy.typing import NDArray

from features.text.transformer.encoder import Encoder
from training.fitting import turn_seed
from training.text.data import Batch
from training.text.settings import FinetuneSettings

_LAYER = re.compile(r"encoder\.layer\.(\d+)\.")


class FinetuneModule(lightning.LightningModule):
    """Class scores of texts: dropout and a linear head on the encoder's vector.

    Parameters
    ----------
    encoder : Encoder
        Is changed by training.
    weights, bias : numpy.ndarray
        float32 [width, classes] and [classes]: the head to start from.
    settings : FinetuneSettings
        What is trained, and how fast.
    steps : int
        Optimizer steps of the whole fit, over which the rates rise and fall.
    seed : int
        Decides dropout, step by step, so that a resumed fit ends where an unbroken one does.
    """

    def __init__(
        self,
        encoder: Encoder,
        weights: NDArray[np.float32],
        bias: NDArray[np.float32],
        *,
        settings: FinetuneSettings,
        steps: int,
        seed: int,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = torch.nn.Linear(*weights.shape)
        self.head.weight.data = torch.from_numpy(np.ascontiguousarray(weights.T))
        self.head.bias.data = torch.from_numpy(bias.copy())
        self.dropout = torch.nn.Dropout(settings.dropout)
        self._settings, self._steps, self._seed = settings, steps, seed
        for name, parameter in encoder.bert.named_parameters():
            parameter.requires_grad_(_is_trained(name, settings))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return scores [n, classes] from token numbers [n, longest]."""
        # Lightning's own mixed precision refuses the fused optimizer, which saves a quarter.
        with torch.autocast("cpu", torch.bfloat16, enabled=self._settings.precision == "bfloat16"):
            vectors = self.encoder(tokens)
        scores: torch.Tensor = self.head(self.dropout(vectors))
        return scores

    def on_train_batch_start(self, *_: object) -> None:
        """Make dropout depend on the step alone, and switch it on."""
        torch.manual_seed(turn_seed(self._seed, self.global_step))
        self.train()

    def training_step(self, batch: Batch) -> torch.Tensor:
        """Return the cross entropy of one batch."""
        tokens, labels = batch
        return torch.nn.functional.cross_entropy(self(tokens), labels)

    def validation_step(self, batch: Batch) -> None:
        """Log the loss of the held-out part."""
        tokens, labels = batch
        loss = torch.nn.functional.cross_entropy(self(tokens), labels)
        self.log("validation", loss, batch_size=len(labels))

    def configure_optimizers(self) -> dict[str, Any]:
        """Return AdamW with a rate per layer that rises in the warm-up, then falls to 0."""
        optimizer = torch.optim.AdamW(self.groups(), fused=True)
        rising = max(1.0, self._settings.warmup * self._steps)

        def factor(step: int) -> float:
            falling = (self._steps - step) / max(1.0, self._steps - rising)
            return max(0.0, min(1.0, (step + 1) / rising, falling))

        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def groups(self) -> list[dict[str, Any]]:
        """Return the trained weights by step size and L2 decay (matrices only)."""
        groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
        for name, parameter in self.named_parameters():
            if parameter.requires_grad:
                decay = self._settings.weight_decay if parameter.ndim > 1 else 0.0
                groups.setdefault((self._rate(name), decay), []).append(parameter)
        return [
            {"params": found, "lr": rate, "weight_decay": decay}
            for (rate, decay), found in groups.items()
        ]

    def _rate(self, name: str) -> float:
        if name.startswith("head."):
            return self._settings.head_rate
        layer = _LAYER.search(name)
        below = self.encoder.layers - 1 - int(layer[1]) if layer else self.encoder.layers
        return self._settings.encoder_rate * self._settings.layer_decay**below


def _is_trained(name: str, settings: FinetuneSettings) -> bool:
    if settings.trained == "all":
        return settings.train_embeddings or not name.startswith("embeddings.")
    return settings.trained == "bias" and name.endswith(".bias")
