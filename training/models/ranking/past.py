"""What each customer did with each item up to a moment: how often, how lately, since when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray
from training.interactions import Interactions
from training.models.blocks import rows_or_empty

HALF_LIFE_DAYS = 30.0


@dataclass(frozen=True)
class Past:
    """Four csr matrices float32 [n_customers, n_items] with the same entries.

    Parameters
    ----------
    counts : csr_matrix
        Number of events.
    recent : csr_matrix
        Events weighted by age, halved every 30 days.
    last, first : csr_matrix
        Days since the last and the first event, plus 1 (so that no entry is 0).
    """

    counts: csr_matrix
    recent: csr_matrix
    last: csr_matrix
    first: csr_matrix

    @classmethod
    def of(cls, interactions: Interactions, matrix: csr_matrix) -> Past:
        """Summarize the rows of ``interactions``; ``matrix`` is its count matrix."""
        place = _places(interactions, matrix)
        days = days_before(interactions)
        size = matrix.nnz
        recent = np.bincount(place, weights=np.exp2(-days / HALF_LIFE_DAYS), minlength=size)
        last = np.full(size, np.inf, dtype=np.float32)
        first = np.zeros(size, dtype=np.float32)
        np.minimum.at(last, place, days + np.float32(1))
        np.maximum.at(first, place, days + np.float32(1))
        return cls(*(_like(matrix, data) for data in (matrix.data, recent, last, first)))

    def rows(self, numbers: IntArray, histories: csr_matrix) -> Past:
        """Return the rows of customers ``numbers`` (-1 unknown), updated to ``histories``.

        Counts beyond those that were trained on are events of this moment.
        """
        known = Past(*(rows_or_empty(m, numbers) for m in self.matrices()))
        extra = histories - known.counts
        extra.data = np.maximum(extra.data, 0)
        extra.eliminate_zeros()
        if extra.nnz == 0:
            return known
        touched = extra.copy()
        touched.data = np.ones_like(touched.data)
        merged = (
            known.counts + extra,
            known.recent + extra,
            known.last - known.last.multiply(touched) + touched,
            known.first + touched - touched.multiply(known.first > 0),
        )
        return Past(*(_canonical(m) for m in merged))

    def take(self, numbers: IntArray) -> Past:
        """Return the rows ``numbers``; -1 gives an empty row."""
        return Past(*(rows_or_empty(m, numbers) for m in self.matrices()))

    def matrices(self) -> tuple[csr_matrix, csr_matrix, csr_matrix, csr_matrix]:
        """Return counts, recent, last, first."""
        return self.counts, self.recent, self.last, self.first

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what is not in the counts, to be saved beside them."""
        return {name: getattr(self, name).data for name in ("recent", "last", "first")}

    @classmethod
    def restore(cls, counts: csr_matrix, arrays: Mapping[str, NDArray[Any]]) -> Past:
        """Take over what :meth:`arrays` returned."""
        return cls(counts, *(_like(counts, arrays[name]) for name in ("recent", "last", "first")))


def days_before(interactions: Interactions) -> FloatArray:
    """Return the age of each row in days at ``interactions.until``, float32 [rows], at least 0."""
    age = pd.Timestamp(interactions.until) - interactions.frame["occurred_at"]
    days: FloatArray = (age.dt.total_seconds() / 86_400).to_numpy(dtype=np.float32)
    return days.clip(min=0)


def _places(interactions: Interactions, matrix: csr_matrix) -> NDArray[np.int64]:
    """Return the entry of ``matrix`` that each row of the frame belongs to."""
    n_items = matrix.shape[1]
    owner = np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr))
    entries = owner * n_items + matrix.indices
    wanted = interactions.customer_numbers.astype(np.int64) * n_items + interactions.item_numbers
    places: NDArray[np.int64] = np.searchsorted(entries, wanted)
    return places


def _like(matrix: csr_matrix, data: NDArray[Any]) -> csr_matrix:
    values = np.asarray(data, dtype=np.float32)
    return csr_matrix((values, matrix.indices, matrix.indptr), shape=matrix.shape)


def _canonical(matrix: csr_matrix) -> csr_matrix:
    found = csr_matrix(matrix, dtype=np.float32)
    found.sum_duplicates()
    return found
