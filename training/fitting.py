"""Fits by Lightning: quiet, the same after a kill as without one, and back to the best epoch."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import pytorch_lightning as lightning
import torch
from pytorch_lightning.callbacks import Callback, EarlyStopping, ModelCheckpoint
from torch.utils.data import IterableDataset

WATCHED = "validation"  # what a module logs of the part that is held out
_LAST, _BEST = "last.ckpt", "best.ckpt"


class Epochal(Protocol):
    """Data whose batches depend on the number of the epoch only."""

    trainer: lightning.Trainer | None

    def epoch(self, number: int) -> Iterable[Any]:
        """Return the batches of an epoch."""
        ...


class Epochs(IterableDataset[Any]):
    """The batches of the current epoch, looked up as late as possible.

    A resumed trainer makes its iterator while it still counts the epoch before.
    """

    def __init__(self, data: Epochal, count: int) -> None:
        self._data, self._count = data, count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Any]:
        trainer = self._data.trainer
        yield from self._data.epoch(trainer.current_epoch if trainer else 0)


def turn_seed(seed: int, turn: int) -> int:
    """Return the seed of one epoch, or one step, of a fit."""
    return int(np.random.SeedSequence([seed, turn]).generate_state(1)[0])


def train(
    module: lightning.LightningModule,
    data: lightning.LightningDataModule,
    *,
    epochs: int,
    clip: float,
    folder: Path,
    patience: int | None,
    best: Literal["min", "max"] = "min",
    callbacks: tuple[Callback, ...] = (),
) -> None:
    """Train to the end, from the last checkpoint if there is one, and return to the best epoch.

    Parameters
    ----------
    module, data : LightningModule, LightningDataModule
        What is trained, on what.
    epochs, clip : int, float
        Passes at most; largest norm of a step's gradient.
    folder : Path
        Keeps the checkpoints.
    patience : int or None
        Epochs without a better ``validation`` before it stops; None where nothing is held out:
        then the last epoch counts.
    best : {"min", "max"}
        Whether small or large values of ``validation`` are good.
    callbacks : tuple of Callback
        Further ones.
    """
    keep: list[Callback] = [_checkpoint(folder, _LAST, None, best)]
    if patience is not None:
        keep.append(_checkpoint(folder, _BEST, WATCHED, best))
        callbacks = (EarlyStopping(WATCHED, patience=patience, mode=best), *callbacks)
    trainer = _trainer(epochs, clip, [*callbacks, *keep])
    last = folder / _LAST
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="pytorch_lightning")
        warnings.filterwarnings("ignore", module="torch")
        trainer.fit(module, data, ckpt_path=str(last) if last.exists() else None, weights_only=True)
    if patience is not None:
        found = torch.load(folder / _BEST, weights_only=True)
        module.load_state_dict(found["state_dict"])


def _checkpoint(
    folder: Path, name: str, watched: str | None, best: Literal["min", "max"]
) -> ModelCheckpoint:
    """Return what keeps the last epoch whole, or the weights of the best one."""
    return ModelCheckpoint(
        folder,
        filename=name.removesuffix(".ckpt"),
        monitor=watched,
        mode=best,
        save_weights_only=watched is not None,
        enable_version_counter=False,
    )


def _trainer(epochs: int, clip: float, callbacks: list[Callback]) -> lightning.Trainer:
    for name in ("pytorch_lightning", "pytorch_lightning.utilities.rank_zero"):
        logging.getLogger(name).setLevel(logging.ERROR)  # no advertisements
    return lightning.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        callbacks=callbacks,
        gradient_clip_val=clip,
        num_sanity_val_steps=0,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """Let the framework use ``count`` processor threads for a while; None changes nothing."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
