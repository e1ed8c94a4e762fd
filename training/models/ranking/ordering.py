"""The best pairs of each customer, straight from the scored candidates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.ids import FloatArray, IntArray
from training.topk import TopK


def best_pairs(
    rows: NDArray[np.integer], items: IntArray, scores: FloatArray, n_rows: int, k: int
) -> TopK:
    """Take the ``k`` best items of each row: score descending, then item number.

    Parameters
    ----------
    rows, items, scores : ndarray [pairs]
        Row in ``0 <= row < n_rows``, item and score of each pair, in any order.
    """
    found = TopK(
        np.full((n_rows, k), -1, dtype=np.int32), np.full((n_rows, k), np.nan, dtype=np.float32)
    )
    order = np.lexsort((items, -scores, rows))
    owner = rows[order]
    counts = np.bincount(owner, minlength=n_rows)
    place = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    first = place < k
    found.items[owner[first], place[first]] = items[order[first]]
    found.scores[owner[first], place[first]] = scores[order[first]]
    return found
