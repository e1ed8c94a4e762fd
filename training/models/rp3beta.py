"""RP3β: three steps of a random walk over the purchase graph, popular ends held back."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt, validate_call
from scipy.sparse import csr_matrix, diags, vstack

from training.ids import FloatArray, IntArray
from training.interactions import Interactions
from training.models.base import Recommender
from training.models.blocks import block_rows
from training.models.weighting import Weighting, weighted

if TYPE_CHECKING:
    from features.store.reader import FeatureReader


class RP3Beta(Recommender):
    """Score an item by the chance that a walk from the customer ends there (Paudel et al. 2016).

    The walk goes to an item of the history, to a customer who had it, to an item that customer
    had; each step is taken in proportion to the edge to the power ``alpha``. The chance to end at
    an item is divided by its popularity to the power ``beta`` ("Updatable, Accurate, Diverse, and
    Scalable Recommendations for Interactive Applications"). Works from histories alone; items no
    walk leads to are not scored. Memory is ``neighbors`` weights an item.

    Parameters
    ----------
    alpha : float
        Power of the edges; without effect on binary weighting.
    beta : float
        How much popularity is held back: 0 not at all, which is P3α.
    neighbors : int
        Items kept that a walk over one item leads to, the likeliest after the division.
    weighting : {"count", "binary", "log"}
        What repeated events count for, in training and in histories.
    """

    additive = True

    @validate_call
    def __init__(
        self,
        *,
        alpha: PositiveFloat = 1.0,
        beta: NonNegativeFloat = 0.4,
        neighbors: PositiveInt = 500,
        weighting: Weighting = "binary",
    ) -> None:
        self.alpha = alpha
        self.beta = beta
        self.neighbors = neighbors
        self.weighting = weighting

    def contributions(self, history: csr_matrix, items: IntArray) -> FloatArray:
        """Return the chance to come from each item of the history to each of ``items``."""
        first = _powered(weighted(history, self.weighting), self.alpha).data[:, None]
        found: FloatArray = first * self._weights[history.indices][:, items].toarray()
        return found

    def _fit(
        self, matrix: csr_matrix, interactions: Interactions, features: FeatureReader | None
    ) -> None:
        del interactions, features
        counts = weighted(matrix, self.weighting)
        edges = _powered(counts, self.alpha)
        to_customer = _rows_to_one(edges.T.tocsr())
        popularity = np.asarray(counts.sum(axis=0), dtype=np.float32).ravel()
        held_back = np.where(popularity > 0, popularity, 1) ** np.float32(-self.beta)
        to_item = _rows_to_one(edges) @ diags(held_back)
        step = block_rows(matrix.shape[1])
        bands = [
            _most((to_customer[start : start + step] @ to_item).tocsr(), self.neighbors)
            for start in range(0, matrix.shape[1], step)
        ]
        self._weights = vstack(bands, format="csr", dtype=np.float32)

    def _score(
        self, numbers: IntArray, histories: csr_matrix, features: FeatureReader | None
    ) -> FloatArray:
        del numbers, features
        first = _powered(weighted(histories, self.weighting), self.alpha)
        scores: FloatArray = (first @ self._weights).toarray()
        scores[scores == 0] = np.nan
        return scores

    def _arrays(self) -> Mapping[str, NDArray[Any]]:
        return {name: getattr(self._weights, name) for name in ("data", "indices", "indptr")}

    def _restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        parts = (arrays["data"], arrays["indices"], arrays["indptr"])
        self._weights = csr_matrix(parts, shape=(len(self.items), len(self.items)))


def _powered(matrix: csr_matrix, alpha: float) -> csr_matrix:
    """Return ``matrix`` with its stored values to the power ``alpha``."""
    data = matrix.data ** np.float32(alpha)
    return csr_matrix((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def _rows_to_one(matrix: csr_matrix) -> csr_matrix:
    """Return ``matrix`` with rows that sum to 1, or to 0 where they are empty."""
    total = np.asarray(matrix.sum(axis=1)).ravel()
    return (diags(1 / np.where(total > 0, total, 1)) @ matrix).tocsr().astype(np.float32)


def _most(band: csr_matrix, neighbors: int) -> csr_matrix:
    """Keep the ``neighbors`` largest values of each row."""
    keep = np.ones(band.nnz, dtype=bool)
    for start, stop in pairwise(band.indptr.tolist()):
        if stop - start > neighbors:
            order = np.argpartition(band.data[start:stop], stop - start - neighbors)
            keep[start + order[: stop - start - neighbors]] = False
    indptr = np.concatenate([[0], np.cumsum(keep)])[band.indptr]
    kept = csr_matrix((band.data[keep], band.indices[keep], indptr), shape=band.shape)
    kept.sort_indices()
    return kept
