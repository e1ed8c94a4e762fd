"""EASE: a linear item-to-item model with one closed-form solution (Steck 2019)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat, PositiveInt, validate_call
from scipy.linalg import lapack
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from training.ids import FloatArray, IntArray
from training.interactions import Interactions
from training.models.base import Recommender
from training.models.memory import available_bytes
from training.models.weighting import weighted

if TYPE_CHECKING:
    from features.store.reader import FeatureReader

_GRAM_ROWS = 1024  # rows of the Gram matrix made at a time


class EASE(Recommender):
    """Score an item by learned weights of the items in the customer's history.

    With G = X'X + λI over the most popular items and P its inverse, the weight of item i for item
    j is -P[i, j] / P[j, j], and 0 on the diagonal. X is binary. The inverse is taken by Cholesky
    in float32. Works from histories alone, so events posted after training and unknown customers
    count at once; items outside the most popular ones are not scored.

    Parameters
    ----------
    regularization : float
        λ, added to the diagonal.
    max_items : int
        Only this many items, by distinct customers, take part: memory grows with the square and
        time with the cube.
    threads : int
        Threads of BLAS during the inverse.

    Raises
    ------
    MemoryError
        From ``fit``, before anything is allocated, if the weights would not fit in memory.
    """

    @validate_call
    def __init__(
        self,
        *,
        regularization: PositiveFloat = 500.0,
        max_items: PositiveInt = 8_000,
        threads: PositiveInt = 2,
    ) -> None:
        self.regularization = regularization
        self.max_items = max_items
        self.threads = threads

    def _fit(
        self, matrix: csr_matrix, interactions: Interactions, features: FeatureReader | None
    ) -> None:
        del interactions, features
        support = np.bincount(matrix.indices, minlength=matrix.shape[1])
        most = np.argsort(-support, kind="stable")[: self.max_items]
        self._members = np.sort(most).astype(np.int32)
        _refuse_too_large(len(self._members))
        gram = _gram(weighted(matrix[:, self._members], "binary"))
        gram[np.diag_indices_from(gram)] += self.regularization
        with threadpool_limits(self.threads, user_api="blas"):
            self._weights = _weights(gram)

    def _score(
        self, numbers: IntArray, histories: csr_matrix, features: FeatureReader | None
    ) -> FloatArray:
        del numbers, features
        known = weighted(histories[:, self._members], "binary")
        scores = np.full(histories.shape, np.nan, dtype=np.float32)
        scores[:, self._members] = known @ self._weights
        scores[np.diff(known.indptr) == 0] = np.nan
        return scores

    def _arrays(self) -> Mapping[str, NDArray[Any]]:
        return {"members": self._members, "weights": self._weights}

    def _restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._members, self._weights = arrays["members"], arrays["weights"]


def _refuse_too_large(n_items: int) -> None:
    needed, available = 3 * 4 * n_items**2, available_bytes()  # weights, and room to work
    if needed > available:
        fitting = int((available / 12) ** 0.5)
        raise MemoryError(
            f"EASE over {n_items:,} items needs {needed / 1e9:.1f} GB, available are "
            f"{available / 1e9:.1f} GB; set max_items to at most {fitting:,}, or use model=als or "
            "model=item_knn, whose memory grows with the data"
        )


def _gram(binary: csr_matrix) -> FloatArray:
    """Return X'X, dense float32 [n_items, n_items], a band of rows at a time."""
    n_items = binary.shape[1]
    columns = binary.T.tocsr()
    gram = np.empty((n_items, n_items), dtype=np.float32)
    for start in range(0, n_items, _GRAM_ROWS):
        band = columns[start : start + _GRAM_ROWS] @ binary
        band.toarray(out=gram[start : start + _GRAM_ROWS])
    return gram


def _weights(gram: FloatArray) -> FloatArray:
    """Turn the regularized Gram matrix into the weights, in its own memory."""
    factor, failed = lapack.spotrf(gram.T, lower=1, clean=0, overwrite_a=1)
    if not failed:
        inverse, failed = lapack.spotri(factor, lower=1, overwrite_c=1)
    if failed:
        raise ArithmeticError(
            f"EASE: the Gram matrix is not positive definite in float32 (LAPACK info {failed}); "
            "raise regularization"
        )
    weights: FloatArray = inverse.T
    for start in range(0, len(weights), _GRAM_ROWS):  # LAPACK filled the upper triangle only
        rows, below = slice(start, start + _GRAM_ROWS), slice(start + _GRAM_ROWS, None)
        weights[below, rows] = weights[rows, below].T
        upper = np.triu(weights[rows, rows])
        weights[rows, rows] = upper + np.triu(upper, k=1).T
    weights /= -weights.diagonal().copy()
    np.fill_diagonal(weights, 0.0)
    return weights
