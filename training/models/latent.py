"""Vectors of items whatever the model: its own factors, or those of a matrix decomposition."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix, diags

from training.ids import FloatArray
from training.models.base import Recommender

DIMENSIONS = 32


def item_vectors(model: Recommender, dimensions: int = DIMENSIONS) -> FloatArray:
    """Return vectors of length 1, float32 [n_items, d], whose dot product is a similarity.

    The model's own item factors where it has any; else the leading right singular vectors of the
    binary histories, every item's column scaled to length 1. An item nobody had gets zeros.
    """
    vectors = model._item_vectors()
    if vectors is None:
        vectors = decomposed(model.histories, dimensions)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return np.ascontiguousarray(np.nan_to_num(unit), dtype=np.float32)


def explained_by_factors(
    square: FloatArray, had: FloatArray, trust: FloatArray, items: FloatArray
) -> FloatArray:
    """Return the terms of a folded-in score, by item of the history: float32 [h, m].

    The customer's factors are the solution of ``square`` [d, d] @ x = the sum of ``trust`` [h, 1]
    times ``had`` [h, d]; the score of an item is the dot product of x and its factors (``items``
    [m, d]).
    """
    solved = np.linalg.solve(square.astype(np.float64), items.T.astype(np.float64))
    return np.asarray(trust * (had @ solved), dtype=np.float32)


def decomposed(histories: csr_matrix, dimensions: int) -> FloatArray:
    """Return V·S of the truncated singular value decomposition of the binary ``histories``.

    By random projection (Halko, Martinsson and Tropp 2011) with a fixed seed: equal input gives
    equal numbers. Fewer dimensions where the matrix has fewer.
    """
    from sklearn.utils.extmath import randomized_svd  # noqa: PLC0415  (slow to import)

    binary = (histories != 0).astype(np.float64)
    support = np.bincount(binary.indices, minlength=histories.shape[1])
    scaled = (binary @ diags(1 / np.sqrt(np.maximum(support, 1)))).tocsr()
    rank = min(dimensions, *scaled.shape)
    _, values, right = randomized_svd(scaled, rank, random_state=0)
    return np.ascontiguousarray((right * values[:, None]).T, dtype=np.float32)
