"""How often and how regularly each customer has each item: baskets, intervals, what is due."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray
from training.interactions import Interactions
from training.models.ranking.past import days_before

Floats = NDArray[np.float64]
_SHORTEST = 0.5  # days: an interval within a day says nothing of when the next one ends


@dataclass(frozen=True, eq=False)
class Repeats:
    """What is known of each pair of customer and item, in the order of a count matrix.

    All purchases of a day are one basket.

    Parameters
    ----------
    items : ndarray of int32 [pairs]
        Item of each pair.
    baskets : ndarray of float64 [pairs]
        Days on which the customer had the item.
    decayed : ndarray of float64 [pairs]
        The same, each day halved in weight for every half-life it is old.
    last, first : ndarray of float64 [pairs]
        Days since the last and the first time.
    """

    items: IntArray
    baskets: Floats
    decayed: Floats
    last: Floats
    first: Floats

    @classmethod
    def of(cls, interactions: Interactions, matrix: csr_matrix, half_life: float) -> Repeats:
        """Summarize ``interactions``; ``matrix`` is its count matrix, ``half_life`` in days."""
        days = np.floor(days_before(interactions)).astype(np.int64)
        width = int(days.max(initial=0)) + 1
        owners = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
        keys = owners * matrix.shape[1] + matrix.indices
        flat = interactions.customer_numbers.astype(np.int64) * matrix.shape[1]
        place = np.searchsorted(keys, flat + interactions.item_numbers)
        place, ages = np.divmod(np.unique(place * width + days), width)
        baskets = np.bincount(place, minlength=len(keys)).astype(np.float64)
        weights = np.exp2(-ages / half_life)
        decayed = np.bincount(place, weights, minlength=len(keys)).astype(np.float64)
        last, first = np.full(len(keys), np.inf), np.zeros(len(keys))
        np.minimum.at(last, place, ages)
        np.maximum.at(first, place, ages)
        return cls(matrix.indices, baskets, decayed, last, first)

    def intervals(self, n_items: int, prior: float) -> Floats:
        """Return the usual days between two baskets of each pair [pairs].

        The geometric mean of the customer's own intervals, and of the item's as if there had been
        ``prior`` of these; an item nobody had twice is given the mean of all.
        """
        gaps = self.baskets - 1
        own = np.log(np.maximum((self.first - self.last) / np.maximum(gaps, 1), _SHORTEST))
        total = np.bincount(self.items, weights=gaps * own, minlength=n_items)
        count = np.bincount(self.items, weights=gaps, minlength=n_items)
        usual = total.sum() / max(count.sum(), 1) if count.any() else np.log(30.0)
        of_item = (total + prior * usual) / (count + prior)
        found: Floats = np.exp((gaps * own + prior * of_item[self.items]) / (gaps + prior))
        return found


def due_within(days: float, since: Floats, interval: Floats, regularity: float) -> Floats:
    """Return the chance of another purchase within ``days``, so many days ``since`` the last.

    Intervals follow a log-logistic distribution with median ``interval``: right after a purchase
    the chance is small, it rises towards the usual time, and falls once that is long over. The
    larger ``regularity`` (its shape), the sharper the rise.
    """
    survived = 1 + (since / interval) ** regularity
    found: Floats = 1 - survived / (1 + ((since + days) / interval) ** regularity)
    return found


def as_floats(matrix: csr_matrix, values: Floats) -> csr_matrix:
    """Return a matrix with the entries of ``matrix`` and other values, float32."""
    data: FloatArray = values.astype(np.float32)
    return csr_matrix((data, matrix.indices, matrix.indptr), shape=matrix.shape)
