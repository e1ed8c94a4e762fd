"""The best pairs of each customer, straight from the scored candidates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.ids import FloatArray, IntArray


def best_pairs(
    rows: NDArray[np.integer], items: IntArray, scores: FloatArray, n_rows: int, k: int
) -> NDArray[np.int64]:
    """Return the places of the ``k`` best pairs of each row: score descending, then item number.

    Parameters
    ----------
    rows, items, scores : ndarray [pairs]
        Row in ``0 <= row < n_rows``, item and score of each pair, in any order.

    Returns
    -------
    ndarray of int64, shape [n_rows, k]
        Places among the pairs; -1 where a row has fewer than ``k``.
    """
    best = np.full((n_rows, k), -1, dtype=np.int64)
    order = np.lexsort((items, -scores, rows))
    owner = rows[order]
    counts = np.bincount(owner, minlength=n_rows)
    place = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    first = place < k
    best[owner[first], place[first]] = order[first]
    return best
