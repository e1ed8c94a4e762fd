"""Shows how far a fit is."""

from __future__ import annotations

from typing import Any

import pytorch_lightning as lightning
from pytorch_lightning.callbacks import Callback
from tqdm import tqdm


class Progress(Callback):
    """A bar of batches over all epochs, with the loss of the held-out part so far."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None

    def on_train_start(self, trainer: lightning.Trainer, *_: object) -> None:
        """Open the bar, where a resumed fit is."""
        total = (trainer.max_epochs or 0) * int(trainer.num_training_batches)
        self._bar = tqdm(
            total=total, initial=trainer.global_step, desc="fine-tuning", unit=" batches",
            dynamic_ncols=True,
        )  # fmt: skip

    def on_train_batch_end(self, *_: object) -> None:
        """Count one batch."""
        if self._bar is not None:
            self._bar.update()

    def on_validation_end(self, trainer: lightning.Trainer, *_: object) -> None:
        """Tell the loss of the held-out part."""
        if self._bar is not None and "validation" in trainer.callback_metrics:
            loss = float(trainer.callback_metrics["validation"])
            self._bar.set_postfix(epoch=trainer.current_epoch + 1, loss=f"{loss:.3f}")

    def on_train_end(self, *_: object) -> None:
        """Close the bar; a fit that stopped early leaves it short of its end."""
        self._close()

    def on_exception(self, *_: object) -> None:
        """Close the bar of a fit that failed."""
        self._close()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
