"""Linear item-to-item weights in closed form: Gram matrix, inverse and weights in one memory."""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from training.ids import FloatArray, IntArray
from training.models.memory import available_bytes

_GRAM_ROWS = 1024  # rows of the Gram matrix made at a time
_SQUARES = 3  # matrices [n, n] that fit at the same time: weights, and room to work


def most_popular(matrix: csr_matrix, most: int) -> IntArray:
    """Return the numbers, ascending, of the ``most`` items with the most distinct customers.

    Items nobody had are none of them: nothing could be learned of these.
    """
    support = np.bincount(matrix.indices, minlength=matrix.shape[1])
    chosen = np.argsort(-support, kind="stable")[:most]
    return np.sort(chosen[support[chosen] > 0]).astype(np.int32)


def refuse_too_large(model: str, n_items: int, beside: int = 0) -> None:
    """Refuse weights [n, n], n = ``n_items``, and [n, ``beside``] before anything is allocated.

    Raises
    ------
    MemoryError
        Naming the most items that would fit, and the models that need no square.
    """
    needed, available = 4 * n_items * (_SQUARES * n_items + beside), available_bytes()
    if needed > available:
        root = (beside**2 + _SQUARES * available) ** 0.5
        fitting = int((root - beside) / (2 * _SQUARES))
        raise MemoryError(
            f"{model} over {n_items:,} items needs {needed / 1e9:.1f} GB, available are "
            f"{available / 1e9:.1f} GB; set max_items to at most {fitting:,}, or use model=als or "
            "model=item_knn, whose memory grows with the data"
        )


def gram(values: csr_matrix) -> FloatArray:
    """Return X'X, dense float32 [n_columns, n_columns], a band of rows at a time."""
    n_columns = values.shape[1]
    columns = values.T.tocsr()
    found = np.empty((n_columns, n_columns), dtype=np.float32)
    for start in range(0, n_columns, _GRAM_ROWS):
        band = columns[start : start + _GRAM_ROWS] @ values
        band.toarray(out=found[start : start + _GRAM_ROWS])
    return found


def zero_diagonal_weights(
    regularized: FloatArray, model: str, threads: int = 2
) -> tuple[FloatArray, FloatArray]:
    """Turn a regularized Gram matrix into weights, in its own memory.

    With P its inverse, the weight of item i for item j is -P[i, j] / P[j, j], and 0 on the
    diagonal: the ridge regression of each item on all others (Steck 2019, eq. 8).

    Parameters
    ----------
    regularized : ndarray of float32, shape [n, n]
        Symmetric and positive definite; overwritten.
    model : str
        Named in the error.
    threads : int
        Threads of BLAS.

    Returns
    -------
    tuple of ndarray
        The weights float32 [n, n] and the diagonal of P, float32 [n].

    Raises
    ------
    ArithmeticError
        If the matrix is not positive definite in float32.
    """
    with threadpool_limits(threads, user_api="blas"):
        factor, failed = lapack.spotrf(regularized.T, lower=1, clean=0, overwrite_a=1)
        if not failed:
            inverse, failed = lapack.spotri(factor, lower=1, overwrite_c=1)
    if failed:
        raise ArithmeticError(
            f"{model}: the Gram matrix is not positive definite in float32 (LAPACK info {failed}); "
            "raise regularization"
        )
    weights: FloatArray = inverse.T
    for start in range(0, len(weights), _GRAM_ROWS):  # LAPACK filled the upper triangle only
        rows, below = slice(start, start + _GRAM_ROWS), slice(start + _GRAM_ROWS, None)
        weights[below, rows] = weights[rows, below].T
        upper = np.triu(weights[rows, rows])
        weights[rows, rows] = upper + np.triu(upper, k=1).T
    diagonal: FloatArray = weights.diagonal().copy()
    weights /= -diagonal
    np.fill_diagonal(weights, 0.0)
    return weights, diagonal


def contributions_of_members(
    history: csr_matrix, items: IntArray, members: IntArray, weights: FloatArray | csr_matrix
) -> FloatArray:
    """Return the weight of each item of ``history`` [1, n_items] for ``items``: float32 [h, m].

    0 for what is not among ``members``.
    """
    had, asked = (places_in(numbers, members) for numbers in (history.indices, items))
    found = np.zeros((len(had), len(asked)), dtype=np.float32)
    rows, columns = np.flatnonzero(had >= 0), np.flatnonzero(asked >= 0)
    if isinstance(weights, np.ndarray):
        block = weights[np.ix_(had[rows], asked[columns])]
    else:
        block = weights[had[rows]][:, asked[columns]].toarray()
    found[np.ix_(rows, columns)] = block
    return found


def places_in(numbers: IntArray, members: IntArray) -> IntArray:
    """Return the places of ``numbers`` in the ascending ``members``, -1 where it is none."""
    if not len(members):
        return np.full(len(numbers), -1, dtype=np.int32)
    places = np.minimum(np.searchsorted(members, numbers), len(members) - 1)
    return np.where(members[places] == numbers, places, -1).astype(np.int32)
