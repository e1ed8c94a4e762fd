"""First stage: a few hundred items a customer, the union of what several models put first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray
from training.topk import top_of_scores


@dataclass(frozen=True)
class Candidates:
    """Pairs of customer and item, ordered by customer, then item.

    Parameters
    ----------
    rows, items : ndarray int32 [pairs]
        Row of the customer in the block, number of the item.
    scores : dict of str to ndarray float32 [pairs]
        Score of the pair by each source, NaN where the source has none.
    ranks : dict of str to ndarray float32 [pairs]
        Place of the item among the customer's candidates by that score, from 0.
    """

    rows: IntArray
    items: IntArray
    scores: Mapping[str, FloatArray]
    ranks: Mapping[str, FloatArray]

    def __len__(self) -> int:
        return len(self.rows)

    def where(self, keep: NDArray[np.bool_]) -> Candidates:
        """Return the pairs where ``keep`` (bool [pairs]) holds; ranks stay what they were."""
        return Candidates(
            self.rows[keep],
            self.items[keep],
            {name: values[keep] for name, values in self.scores.items()},
            {name: values[keep] for name, values in self.ranks.items()},
        )


def choose(scores: Mapping[str, FloatArray], size: int, excluded: csr_matrix | None) -> Candidates:
    """Take the best ``size`` items of each source, a block of customers at a time.

    Parameters
    ----------
    scores : dict of str to ndarray float32 [n, n_items]
        Scores of all items by every source; NaN where it cannot score.
    size : int
        How many items each source may propose to a customer.
    excluded : csr_matrix [n, n_items], optional
        Items that are not candidates (already had).
    """
    stacked = np.concatenate(list(scores.values()))
    n_items = stacked.shape[1]
    n = len(stacked) // len(scores)
    repeated = None if excluded is None else _repeat(excluded, len(scores))
    best = top_of_scores(stacked, min(size, n_items), repeated).items
    row, place = np.nonzero(best >= 0)
    pairs = np.unique((row % n).astype(np.int64) * n_items + best[row, place])
    rows, items = pairs // n_items, pairs % n_items
    values = {name: found[rows, items] for name, found in scores.items()}
    ranks = {name: ranks_within(rows, found) for name, found in values.items()}
    return Candidates(rows.astype(np.int32), items.astype(np.int32), values, ranks)


def _repeat(matrix: csr_matrix, times: int) -> csr_matrix:
    """Stack ``matrix`` on itself."""
    lengths = np.tile(np.diff(matrix.indptr), times)
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    parts = (np.tile(matrix.data, times), np.tile(matrix.indices, times), indptr)
    return csr_matrix(parts, shape=(matrix.shape[0] * times, matrix.shape[1]))


def ranks_within(rows: NDArray[np.integer], values: FloatArray) -> FloatArray:
    """Rank ``values`` (float32 [pairs]) downwards within each row, from 0; NaN comes last.

    ``rows`` must be ascending; ties keep their order.
    """
    order = np.lexsort((np.where(np.isnan(values), np.inf, -values), rows))
    counts = np.bincount(rows) if len(rows) else np.zeros(0, dtype=np.int64)
    starts = np.cumsum(counts) - counts
    ranks = np.empty(len(rows), dtype=np.float32)
    ranks[order] = np.arange(len(rows)) - np.repeat(starts, counts)
    return ranks
