"""Batches of windows of like length: hardly any padding, and about equally many items in each."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import pytorch_lightning as lightning
import torch
from torch.utils.data import DataLoader

from training.fitting import Epochs, turn_seed
from training.models.sequence.histories import Histories, LongArray

Windows = Literal["last", "all"]
NOTHING = -1  # target where there is none

_JITTER = 0.1  # how much lengths are off when windows of like length are put together
_FEWEST = 3  # events of a customer whose last one is held out
_MOST_ASKED = 10_000  # customers whose last event is held out


class Batch(NamedTuple):
    """Item numbers int64 [b, longest] and, of the same shape, the number that came next.

    ``marks`` int64 [b, longest, channels] tell more about the events of ``inputs``.
    """

    inputs: torch.Tensor
    targets: torch.Tensor
    marks: torch.Tensor | None = None


class Asked(NamedTuple):
    """Held-out events of b customers.

    Parameters
    ----------
    inputs : Tensor of int64, shape [b, longest]
        What they had before.
    ends : Tensor of int64, shape [b]
        Place of the newest in ``inputs``.
    targets : Tensor of int64, shape [b]
        What they had next.
    seen : Tensor of int64, shape [2, pairs]
        Row and item number of everything they had before that is no target.
    marks : Tensor of int64, shape [b, longest, channels], optional
        What else is known of the events of ``inputs``.
    """

    inputs: torch.Tensor
    ends: torch.Tensor
    targets: torch.Tensor
    seen: torch.Tensor
    marks: torch.Tensor | None = None


def held_out(histories: Histories, seed: int) -> tuple[Histories, LongArray]:
    """Return histories without their last event where it is held out, and the rows where it is."""
    long = np.flatnonzero(histories.lengths >= _FEWEST)
    if len(long) > _MOST_ASKED:
        chosen = np.random.default_rng(seed).choice(len(long), _MOST_ASKED, replace=False)
        long = long[np.sort(chosen)]
    lengths = histories.lengths.copy()
    lengths[long] -= 1
    return histories.pieces(histories.starts[:-1], lengths), long


def windows_of(
    histories: Histories, length: int, which: Windows, random: np.random.Generator
) -> tuple[LongArray, LongArray]:
    """Return first place (in ``histories.items``) and length of windows of at most ``length``.

    The item after each window's last one is its last target. ``last`` takes the newest window of
    each customer. ``all`` cuts the whole history at places that differ from epoch to epoch, so
    that every event but the first is a target once.
    """
    rows = np.flatnonzero(histories.lengths > 1)
    targets = histories.lengths[rows] - 1
    if which == "last":
        lengths = np.minimum(targets, length)
        return histories.starts[rows] + targets - lengths, lengths
    first = np.where(targets > length, random.integers(1, length + 1, len(rows)), targets)
    count = 1 + -(-(targets - first) // length)
    row = np.repeat(np.arange(len(rows)), count)
    turn = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    begin = np.maximum(first[row] + (turn - 1) * length, 0)
    end = np.minimum(first[row] + turn * length, targets[row])
    return histories.starts[rows][row] + begin, end - begin


def packed(lengths: LongArray, count: int, random: np.random.Generator) -> list[LongArray]:
    """Return every place once, in at most ``count`` batches of like lengths and equal sums.

    The batches are in random order, and no two calls make the same ones.
    """
    noise = random.uniform(1 - _JITTER, 1 + _JITTER, len(lengths))
    order = np.argsort(lengths * noise, kind="stable")
    total = np.cumsum(lengths[order])
    batch = (total - lengths[order]) * count // max(int(total[-1]), 1)
    batches = np.split(order, np.flatnonzero(np.diff(batch)) + 1)
    return [batches[place] for place in random.permutation(len(batches))]


class SequenceData(lightning.LightningDataModule):
    """Batches for one fit; those of an epoch depend on its number and the seed only.

    Parameters
    ----------
    histories : Histories
        Everything; at least one customer has two events.
    length : int
        Longest window.
    windows : {"last", "all"}
        As of :func:`windows_of`.
    batch_items : int
        About so many items a step.
    validation : bool
        Whether the last event of each customer is held out.
    seed : int
        Decides windows, batches and who is held out, of many.
    """

    def __init__(
        self,
        histories: Histories,
        *,
        length: int,
        windows: Windows,
        batch_items: int,
        validation: bool,
        seed: int,
    ) -> None:
        super().__init__()
        self._whole, self._learned = histories, histories
        self._asked = np.zeros(0, dtype=np.int64)
        if validation:
            self._learned, self._asked = held_out(histories, seed)
        self._length, self._windows, self._seed = length, windows, seed
        self._batch_items = batch_items
        _, lengths = windows_of(self._learned, length, windows, np.random.default_rng(seed))
        self.steps = int(np.clip(round(lengths.sum() / batch_items), 1, len(lengths)))

    @property
    def watched(self) -> bool:
        """Whether anything is held out."""
        return len(self._asked) > 0

    def epoch(self, number: int) -> list[Batch]:
        """Return the batches of an epoch."""
        random = np.random.default_rng(turn_seed(self._seed, number))
        first, lengths = windows_of(self._learned, self._length, self._windows, random)
        found = []
        for places in packed(lengths, self.steps, random):
            inputs = self._learned.pieces(first[places], lengths[places])
            targets = self._learned.pieces(first[places] + 1, lengths[places]).padded(NOTHING)
            numbers = torch.from_numpy(inputs.padded(0))
            found.append(Batch(numbers, torch.from_numpy(targets), marks_of(inputs)))
        return found

    def train_dataloader(self) -> DataLoader[Batch]:
        """Return the batches of whatever epoch the trainer is in when they are asked for."""
        return DataLoader(Epochs(self, self.steps), batch_size=None)

    def val_dataloader(self) -> DataLoader[Asked] | list[Asked]:
        """Return the held-out events, if there are any."""
        if not self.watched:
            return []
        known = self._whole.take(self._asked)
        order = np.argsort(known.lengths, kind="stable")
        many = max(1, self._batch_items // self._length)
        rows = [order[start : start + many] for start in range(0, len(order), many)]
        batches = [asked(known.take(places), self._length) for places in rows]
        return DataLoader(batches, batch_size=None)  # type: ignore[arg-type]


def asked(histories: Histories, length: int) -> Asked:
    """Ask for the last event of each row, given at most ``length`` before it.

    Items had before do not compete, unless the last event is of one of them.
    """
    before = histories.without_last()
    inputs, targets = before.last(length), histories.items[histories.starts[1:] - 1]
    rows = np.repeat(np.arange(len(before)), before.lengths)
    again = np.zeros(len(before), dtype=bool)
    again[rows[before.items == targets[rows]]] = True
    other = ~again[rows]
    seen = np.stack([rows[other], before.items[other].astype(np.int64)])
    return Asked(
        torch.from_numpy(inputs.padded(0)),
        torch.from_numpy(inputs.lengths - 1),
        torch.from_numpy(targets.astype(np.int64)),
        torch.from_numpy(seen),
        marks_of(inputs),
    )


def marks_of(histories: Histories) -> torch.Tensor | None:
    """Return what else is known of the events, int64 [n, longest, channels]."""
    marks = histories.padded_marks()
    return None if marks is None else torch.from_numpy(marks)
