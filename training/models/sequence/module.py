"""The network as Lightning trains it, and the curve of a fit."""

from __future__ import annotations

import logging
import math
import time
from typing import Any

import pytorch_lightning as lightning
import torch
from pytorch_lightning.callbacks import Callback

from training.fitting import WATCHED, turn_seed
from training.models.sequence.decoupled import Prediction
from training.models.sequence.layers import Network
from training.models.sequence.loss import Loss
from training.models.sequence.packing import NOTHING, Asked, Batch

_log = logging.getLogger(__name__)
_BEST = 10  # places that count in validation


class SequenceModule(lightning.LightningModule):
    """What comes next, at every place of every row.

    Parameters
    ----------
    network : Network
        Is changed by training.
    loss : callable
        Of vectors [n, width], those of all items [n_items, width], and the items that came next.
    learning_rate, weight_decay : float
        Of AdamW; matrices decay, biases and norms do not.
    warmup : float
        Share of all steps in which the rate rises; then it falls to 0 along a cosine (Loshchilov
        and Hutter, "SGDR", ICLR 2017).
    steps : int
        Optimizer steps of the whole fit.
    precision : {"float32", "bfloat16"}
        Of matrix products in training.
    seed : int
        Decides dropout and drawn items, step by step, so that a resumed fit ends where an unbroken
        one does.
    beside : Prediction, optional
        A loss of vectors [n, width] and the items that came next, which is added.
    """

    def __init__(
        self,
        network: Network,
        loss: Loss,
        *,
        learning_rate: float,
        weight_decay: float,
        warmup: float,
        steps: int,
        precision: str,
        seed: int,
        beside: Prediction | None = None,
    ) -> None:
        super().__init__()
        self.network, self.beside = network, beside
        self._loss, self._steps, self._seed = loss, steps, seed
        self._rate, self._decay = learning_rate, weight_decay
        self._rising = max(1.0, warmup * steps)
        self._half = precision == "bfloat16"

    def on_train_batch_start(self, *_: object) -> None:
        """Make dropout and drawn items depend on the step alone."""
        torch.manual_seed(turn_seed(self._seed, self.global_step))

    def training_step(self, batch: Batch) -> torch.Tensor:
        """Return the loss of one batch, at real places only."""
        real = batch.targets != NOTHING
        # Lightning's own mixed precision refuses the fused optimizer.
        with torch.autocast("cpu", torch.bfloat16, enabled=self._half):
            vectors = self.network(batch.inputs, batch.marks)[real]
            loss = self._loss(vectors, self.network.items.weight, batch.targets[real])
            return loss if self.beside is None else loss + self.beside(vectors, batch.targets[real])

    def validation_step(self, batch: Asked) -> None:
        """Log nDCG@10 of what :func:`~training.models.sequence.packing.asked` asks."""
        items = self.network.items.weight
        scores = self.network.at(batch.inputs, batch.ends, batch.marks) @ items.T
        scores[batch.seen[0], batch.seen[1]] = -torch.inf
        rank = (scores > scores.gather(1, batch.targets[:, None])).sum(dim=1)
        gain = torch.where(rank < _BEST, 1 / torch.log2(rank + 2.0), 0.0)
        self.log(WATCHED, gain.mean(), batch_size=len(rank))

    def configure_optimizers(self) -> dict[str, Any]:
        """Return AdamW and the rate of each step."""
        groups = [
            {
                "params": [p for p in self.parameters() if (p.ndim > 1) == matrices],
                "weight_decay": self._decay if matrices else 0.0,
            }
            for matrices in (True, False)
        ]
        optimizer = torch.optim.AdamW(groups, lr=self._rate, fused=True)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, self._factor)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def _factor(self, step: int) -> float:
        if step < self._rising:
            return (step + 1) / self._rising
        done = (step - self._rising) / max(1.0, self._steps - self._rising)
        return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


class Curve(Callback):
    """Minutes and quality by epoch, over all parts of a fit that was interrupted."""

    def __init__(self) -> None:
        self.rows: list[list[float]] = []
        self._before, self._started = 0.0, time.perf_counter()

    def on_fit_start(self, *_: object) -> None:
        """Start the clock."""
        self._started = time.perf_counter()

    def on_validation_end(self, trainer: lightning.Trainer, *_: object) -> None:
        """Add an epoch."""
        quality = float(trainer.callback_metrics[WATCHED])
        epoch, minutes = trainer.current_epoch + 1, self._minutes()
        self.rows.append([float(epoch), minutes, quality])
        _log.info("epoch %d: nDCG@10 %.4f on held-out events, %.1f min", epoch, quality, minutes)

    def state_dict(self) -> dict[str, Any]:
        """Return the curve so far, for the checkpoint."""
        return {"rows": self.rows, "minutes": self._minutes()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.rows, self._before = list(state_dict["rows"]), state_dict["minutes"]

    def _minutes(self) -> float:
        return self._before + (time.perf_counter() - self._started) / 60
