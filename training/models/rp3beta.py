"""RP3β: three steps of a random walk over the purchase graph, popular ends held back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt, validate_call
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray
from training.interactions import Interactions
from training.models.base import Recommender
from training.models.irspack_parts import RP3betaComputer
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
        Items kept that lead to an item.
    weighting : {"count", "binary", "log"}
        What repeated events count for, in training and in histories.
    threads : int
        Threads of the computation (``irspack``).
    """

    @validate_call
    def __init__(
        self,
        *,
        alpha: PositiveFloat = 1.0,
        beta: NonNegativeFloat = 0.4,
        neighbors: PositiveInt = 500,
        weighting: Weighting = "binary",
        threads: PositiveInt = 2,
    ) -> None:
        self.alpha = alpha
        self.beta = beta
        self.neighbors = neighbors
        self.weighting = weighting
        self.threads = threads

    def _fit(
        self, matrix: csr_matrix, interactions: Interactions, features: FeatureReader | None
    ) -> None:
        del interactions, features
        items = weighted(matrix, self.weighting).T.tocsr()
        walk = RP3betaComputer(items, alpha=self.alpha, beta=self.beta, n_threads=self.threads)
        kept = min(self.neighbors, items.shape[0])
        found = walk.compute_W(items, kept).tocsr().astype(np.float32)
        found.sort_indices()
        self._weights = found

    def _score(
        self, numbers: IntArray, histories: csr_matrix, features: FeatureReader | None
    ) -> FloatArray:
        del numbers, features
        steps = weighted(histories, self.weighting)
        steps = csr_matrix((steps.data**self.alpha, steps.indices, steps.indptr), steps.shape)
        scores: FloatArray = (steps @ self._weights).toarray()
        scores[scores == 0] = np.nan
        return scores

    def _arrays(self) -> Mapping[str, NDArray[Any]]:
        return {name: getattr(self._weights, name) for name in ("data", "indices", "indptr")}

    def _restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        parts = (arrays["data"], arrays["indices"], arrays["indptr"])
        self._weights = csr_matrix(parts, shape=(len(self.items), len(self.items)))
