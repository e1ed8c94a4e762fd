"""Work on customers in blocks, so that memory stays bounded whatever their number."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IdMap, IntArray
from training.topk import TopK, top_of_scores

SCORE_BYTES = 64 << 20  # most memory of one block of scores


def block_rows(n_items: int) -> int:
    """Return how many customers' float32 scores of ``n_items`` fit in one block."""
    return max(1, SCORE_BYTES // (4 * max(n_items, 1)))


def top_of_blocks(
    score: Callable[[slice], FloatArray],
    shape: tuple[int, int],
    k: int,
    excluded: csr_matrix | None,
) -> TopK:
    """Take the ``k`` best of each of ``shape[0]`` rows, scoring a block of rows at a time.

    ``score`` returns float32 [rows of the slice, columns]; ``shape[1]`` is the widest a row of
    scores gets; ``excluded`` (csr [rows, columns]) marks what is not taken.
    """
    n_rows, step = shape[0], block_rows(shape[1])
    found = [TopK(np.empty((0, k), dtype=np.int32), np.empty((0, k), dtype=np.float32))]
    for start in range(0, n_rows, step):
        part = slice(start, min(start + step, n_rows))
        found.append(top_of_scores(score(part), k, None if excluded is None else excluded[part]))
    return TopK(
        np.concatenate([block.items for block in found]),
        np.concatenate([block.scores for block in found]),
    )


def rows_or_empty(matrix: csr_matrix, numbers: IntArray) -> csr_matrix:
    """Return the rows ``numbers`` of ``matrix``; -1 gives an empty row."""
    if not (numbers < 0).any():
        return matrix[numbers]
    known = numbers >= 0
    rows = matrix[numbers[known]]
    lengths = np.zeros(len(numbers), dtype=rows.indptr.dtype)
    lengths[known] = np.diff(rows.indptr)
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    return csr_matrix((rows.data, rows.indices, indptr), shape=(len(numbers), matrix.shape[1]))


def changed_rows(trained: csr_matrix, numbers: IntArray, histories: csr_matrix) -> IntArray:
    """Return the positions whose history differs from the row the model was trained on.

    An unknown customer (-1) has changed as soon as the history holds anything.
    """
    difference = histories - rows_or_empty(trained, numbers)
    difference.eliminate_zeros()
    return np.flatnonzero(np.diff(difference.indptr)).astype(np.int32)


def ranking_frame(
    customers: Sequence[str], items: IdMap, best: TopK, fallback: NDArray[np.bool_]
) -> pd.DataFrame:
    """Return customer and item ids, score, rank and origin of ``best`` [n, k], a row each."""
    row, place = np.nonzero(best.items >= 0)
    asked = np.empty(len(customers), dtype=object)
    asked[:] = list(customers)
    origins = np.array(["model", "fallback"], dtype=object)
    return pd.DataFrame(
        {
            "customer_id": asked[row],
            "item_id": items.ids[best.items[row, place]],
            "score": best.scores[row, place],
            "rank": place.astype(np.int32) + np.int32(1),
            "origin": origins[fallback[row, place].astype(np.int8)],
        }
    )
