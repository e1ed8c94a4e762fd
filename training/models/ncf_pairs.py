"""What NCF learns from: pairs with a target, beside pairs held out to decide when to stop."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray

_EDGE = 0.01  # the least and, from 1, the most a mean target counts
_TRIES = 20  # rounds of drawing again what hit an item the customer had


class Examples(NamedTuple):
    """Customer numbers int32 [n], item numbers int32 [n, width], targets float32 [n, width].

    The first item of a row is the observed one, the others are sampled.
    """

    customers: IntArray
    items: IntArray
    targets: FloatArray

    def take(self, order: NDArray[np.int64] | slice) -> Examples:
        """Return the rows at ``order``."""
        return Examples(self.customers[order], self.items[order], self.targets[order])


@dataclass(frozen=True, eq=False)
class Pairs:
    """Observed pairs, split into learned and held out.

    Parameters
    ----------
    learned, held_out : Examples
        ``held_out`` already holds its sampled negatives.
    had : ndarray of int64
        Ascending ``customer * n_items + item`` of every observed pair.
    shape : tuple of int
        Customers and items.
    negatives : int
        Items to sample a pair; 0 for ratings.
    scale : tuple of float
        What targets 0 and 1 stand for.
    """

    learned: Examples
    held_out: Examples
    had: NDArray[np.int64]
    shape: tuple[int, int]
    negatives: int
    scale: tuple[float, float]

    @property
    def usual(self) -> float:
        """The logit of the mean target: where a network starts that knows nothing else yet."""
        mean = float(self.learned.targets.mean()) / (1 + self.negatives)
        mean = min(max(mean, _EDGE), 1 - _EDGE)
        return math.log(mean / (1 - mean))

    @classmethod
    def of(cls, matrix: csr_matrix, *, negatives: int, validation: float, seed: int) -> Pairs:
        """Split the entries of ``matrix`` (counts, or ratings where ``negatives`` is 0).

        Raises
        ------
        ValueError
            If ratings are all equal: there is nothing to learn.
        """
        rng = np.random.default_rng(seed)
        entries = matrix.tocoo()
        targets, scale = np.ones(matrix.nnz, dtype=np.float32), (0.0, 1.0)
        if not negatives:
            scale = (float(matrix.data.min()), float(matrix.data.max()))
            if scale[0] == scale[1]:
                raise ValueError(f"NCF: all ratings are {scale[0]}; use target=implicit")
            targets = (entries.data - scale[0]) / (scale[1] - scale[0])
        customers, items = entries.row.astype(np.int32), entries.col.astype(np.int32)
        every = Examples(customers, items[:, None], targets[:, None])
        had = np.sort(customers.astype(np.int64) * matrix.shape[1] + items)
        held = max(1, round(validation * len(targets)))
        order = rng.permutation(len(targets))
        pairs = cls(every.take(order[held:]), every, had, matrix.shape, negatives, scale)
        held_out = pairs.with_negatives(every.take(order[:held]), rng)
        return cls(pairs.learned, held_out, had, matrix.shape, negatives, scale)

    def with_negatives(self, positives: Examples, rng: np.random.Generator) -> Examples:
        """Return ``positives`` with ``negatives`` items beside each that the customer never had."""
        if not self.negatives:
            return positives
        shape = (len(positives.customers), self.negatives)
        customers = np.repeat(positives.customers, self.negatives)
        items = rng.integers(0, self.shape[1], size=len(customers), dtype=np.int32)
        again = np.arange(len(customers))
        for _ in range(_TRIES):
            again = again[self._were_had(customers[again], items[again])]
            if not len(again):
                break
            items[again] = rng.integers(0, self.shape[1], size=len(again), dtype=np.int32)
        return Examples(
            positives.customers,
            np.concatenate([positives.items, items.reshape(shape)], axis=1),
            np.concatenate([positives.targets, np.zeros(shape, dtype=np.float32)], axis=1),
        )

    def epoch(self, rng: np.random.Generator) -> Examples:
        """Return the learned pairs with fresh negatives, shuffled."""
        examples = self.with_negatives(self.learned, rng)
        return examples.take(rng.permutation(len(examples.customers)))

    def _were_had(self, customers: IntArray, items: IntArray) -> NDArray[np.bool_]:
        flat = customers.astype(np.int64) * self.shape[1] + items
        place = np.minimum(np.searchsorted(self.had, flat), len(self.had) - 1)
        found: NDArray[np.bool_] = self.had[place] == flat
        return found
