"""What each customer did with each item up to a moment: how often, how lately, since when.

Kept as plain arrays rather than sparse matrices: a request for one customer makes dozens of small
sums, and the bookkeeping of a sparse matrix costs more than such a sum.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray
from training.interactions import Interactions

HALF_LIFE_DAYS = 30.0
_VALUES = ("counts", "recent", "last", "first")


@dataclass(frozen=True, eq=False)
class Past:
    """Entries of customers and items, ordered by customer, then item.

    Parameters
    ----------
    n_items : int
        Number of items.
    indptr : ndarray int64 [n_customers + 1]
        Where the entries of each customer begin.
    items : ndarray int32 [entries]
        Item of each entry.
    counts : ndarray float32 [entries]
        Number of events.
    recent : ndarray float32 [entries]
        Events weighted by age, halved every 30 days.
    last, first : ndarray float32 [entries]
        Days since the last and the first event.
    """

    n_items: int
    indptr: NDArray[np.int64]
    items: IntArray
    counts: FloatArray
    recent: FloatArray
    last: FloatArray
    first: FloatArray

    @classmethod
    def of(cls, interactions: Interactions, matrix: csr_matrix) -> Past:
        """Summarize the rows of ``interactions``; ``matrix`` is its count matrix."""
        keys = _keys(_owners(matrix.indptr), matrix.indices, matrix.shape[1])
        wanted = _keys(interactions.customer_numbers, interactions.item_numbers, matrix.shape[1])
        place = np.searchsorted(keys, wanted)
        days = days_before(interactions)
        recent = np.bincount(place, weights=np.exp2(-days / HALF_LIFE_DAYS), minlength=len(keys))
        last = np.full(len(keys), np.inf, dtype=np.float32)
        first = np.zeros(len(keys), dtype=np.float32)
        np.minimum.at(last, place, days)
        np.maximum.at(first, place, days)
        return cls.restore(matrix, {"recent": recent, "last": last, "first": first})

    @classmethod
    def restore(cls, counts: csr_matrix, arrays: Mapping[str, NDArray[Any]]) -> Past:
        """Take over what :meth:`arrays` returned; ``counts`` has the same entries."""
        values = [np.asarray(arrays[n], dtype=np.float32) for n in ("recent", "last", "first")]
        indptr = counts.indptr.astype(np.int64)
        return cls(counts.shape[1], indptr, counts.indices, counts.data, *values)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what is not in the counts, to be saved beside them."""
        return {name: getattr(self, name) for name in ("recent", "last", "first")}

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @cached_property
    def owners(self) -> NDArray[np.int64]:
        """Row of the customer of each entry, int64 [entries]."""
        return _owners(self.indptr)

    def take(self, numbers: IntArray) -> Past:
        """Return the rows ``numbers``; -1 gives an empty row."""
        known = numbers >= 0
        safe = np.where(known, numbers, 0)
        starts = self.indptr[safe]
        lengths = np.where(known, self.indptr[safe + 1] - starts, 0)
        indptr = np.concatenate([[0], np.cumsum(lengths)])
        entries = np.arange(indptr[-1]) + np.repeat(starts - indptr[:-1], lengths)
        values = (getattr(self, name)[entries] for name in _VALUES)
        return Past(self.n_items, indptr, self.items[entries], *values)

    def rows(self, numbers: IntArray, histories: csr_matrix) -> Past:
        """Return the rows of customers ``numbers`` (-1 unknown), updated to ``histories``.

        Counts beyond those that were trained on are events of this moment.
        """
        known = self.take(numbers)
        if np.array_equal(known.items, histories.indices) and np.array_equal(
            known.counts, histories.data
        ):
            return known
        mine = _keys(known.owners, known.items, self.n_items)
        theirs = _keys(_owners(histories.indptr), histories.indices, self.n_items)
        keys = np.union1d(mine, theirs)
        values = np.zeros((4, len(keys)), dtype=np.float32)
        place = np.searchsorted(keys, mine)
        values[:, place] = [getattr(known, name) for name in _VALUES]
        wanted = np.zeros(len(keys), dtype=np.float32)
        np.add.at(wanted, np.searchsorted(keys, theirs), histories.data)
        extra = (wanted - values[0]).clip(min=0)
        values[:2] += extra
        values[2, extra > 0] = 0
        indptr = np.searchsorted(keys, np.arange(len(known) + 1) * self.n_items)
        return Past(self.n_items, indptr, (keys % self.n_items).astype(np.int32), *values)

    def by_customer(self, values: FloatArray) -> FloatArray:
        """Sum ``values`` (float32 [entries]) by customer, float32 [n_customers]."""
        found = np.bincount(self.owners, weights=values, minlength=len(self))
        return found.astype(np.float32)

    def by_group(self, groups: IntArray, size: int, *values: FloatArray) -> tuple[FloatArray, ...]:
        """Sum ``values`` by customer and group of item, float32 [n_customers, size] each.

        ``groups`` is the group of every item, int32 [n_items].
        """
        keys = self.owners * size + groups[self.items]
        total = len(self) * size
        return tuple(
            np.bincount(keys, weights=v, minlength=total).astype(np.float32).reshape(-1, size)
            for v in values
        )

    def at(self, rows: IntArray, items: IntArray) -> NDArray[np.int64]:
        """Return the entry of each (row, item), -1 where there is none, int64 [pairs]."""
        keys = _keys(self.owners, self.items, self.n_items)
        if not len(keys):
            return np.full(len(rows), -1, dtype=np.int64)
        wanted = _keys(rows, items, self.n_items)
        place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[place] == wanted, place, -1)


def days_before(interactions: Interactions) -> FloatArray:
    """Return the age of each row in days at ``interactions.until``, float32 [rows], at least 0."""
    age = pd.Timestamp(interactions.until) - interactions.frame["occurred_at"]
    days: FloatArray = (age.dt.total_seconds() / 86_400).to_numpy(dtype=np.float32)
    return days.clip(min=0)


def _owners(indptr: NDArray[Any]) -> NDArray[np.int64]:
    return np.repeat(np.arange(len(indptr) - 1, dtype=np.int64), np.diff(indptr))


def _keys(rows: NDArray[Any], items: NDArray[Any], n_items: int) -> NDArray[np.int64]:
    keys: NDArray[np.int64] = rows.astype(np.int64) * n_items + items
    return keys
