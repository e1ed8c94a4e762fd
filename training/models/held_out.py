"""Interactions kept from a fit, which decide when it stops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray
from training.topk import top_of_factors

_PLACES = 100  # length of the lists that are judged, as in the papers
_FEWEST = 2  # items a customer must have for one to be held out
_SHARE = 0.2  # of the items of a customer that are held out


def curve_of(rows: NDArray[np.float64]) -> pd.DataFrame:
    """Return ``epoch``, ``minutes`` and ``ndcg@100`` of what was held out, float64 [epochs, 3]."""
    return pd.DataFrame(rows, columns=["epoch", "minutes", f"ndcg@{_PLACES}"])


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What some customers were to be given, and had not when they were asked.

    Parameters
    ----------
    customers : ndarray of int32, shape [n]
        Their numbers.
    given : csr_matrix, shape [n, n_items]
        What a model may know of them.
    wanted : csr_matrix, shape [n, n_items]
        What it is to find; every row holds something.
    """

    customers: IntArray
    given: csr_matrix
    wanted: csr_matrix

    def ndcg(self, customers: FloatArray, items: FloatArray) -> float:
        """Return the mean nDCG@100 of ranking by ``customers @ items.T``; NaN of nobody.

        ``customers`` is float32 [n, d] in the order of :attr:`customers`; what was given is left
        out of the ranking.
        """
        if not len(self.customers):
            return float("nan")
        best = top_of_factors(customers, items, _PLACES, self.given)
        hits = hit(self.wanted, best.items)
        gains = 1 / np.log2(np.arange(2, _PLACES + 2))
        relevant = np.minimum(np.diff(self.wanted.indptr), _PLACES)
        return float(np.mean((hits @ gains) / np.cumsum(gains)[relevant - 1]))


def hit(wanted: csr_matrix, items: IntArray) -> NDArray[np.bool_]:
    """Return which of ``items`` [n, k], -1 for none, each row of ``wanted`` [n, n_items] holds."""
    n_items = np.int64(wanted.shape[1])
    rows = np.repeat(np.arange(wanted.shape[0], dtype=np.int64), np.diff(wanted.indptr))
    shown = np.arange(len(items), dtype=np.int64)[:, None] * n_items + items
    return np.isin(shown, rows * n_items + wanted.indices) & (items >= 0)


def hold_out(matrix: csr_matrix, share: float, seed: int) -> tuple[csr_matrix, HeldOut]:
    """Keep a fifth of the items of a ``share`` of the customers, who have two or more, apart.

    Returns the matrix [n_customers, n_items] without them, and them. At least one customer is
    asked where any can be.
    """
    random = np.random.default_rng(seed)
    lengths = np.diff(matrix.indptr)
    able = np.flatnonzero(lengths >= _FEWEST)
    asked = np.sort(random.permutation(able)[: max(1, round(share * len(able)))])
    kept_apart = np.zeros(matrix.nnz, dtype=bool)
    for row in asked.tolist():
        count = max(1, round(_SHARE * int(lengths[row])))
        kept_apart[matrix.indptr[row] + random.permutation(lengths[row])[:count]] = True
    learned, wanted = _entries(matrix, ~kept_apart), _entries(matrix, kept_apart)
    return learned, HeldOut(asked.astype(np.int32), learned[asked], wanted[asked])


def _entries(matrix: csr_matrix, kept: NDArray[np.bool_]) -> csr_matrix:
    """Return ``matrix`` with only its ``kept`` [nnz] entries."""
    ends = np.append(0, np.cumsum(kept))[matrix.indptr]
    return csr_matrix((matrix.data[kept], matrix.indices[kept], ends), shape=matrix.shape)
