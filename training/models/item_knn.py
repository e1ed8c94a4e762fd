"""Items that go with what the customer had: item-based nearest neighbors (``implicit``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from implicit.nearest_neighbours import (
    ItemItemRecommender,
    bm25_weight,
    normalize,
    tfidf_weight,
)
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt, validate_call
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray
from training.interactions import Interactions
from training.models.base import Recommender
from training.models.weighting import Weighting, weighted

if TYPE_CHECKING:
    from features.store.reader import FeatureReader


class ItemKNN(Recommender):
    """Score an item by the summed similarity to the items in the customer's history.

    Works from histories alone, so events posted after training and unknown customers count at
    once. Items no neighbor leads to are not scored.

    Parameters
    ----------
    similarity : {"bm25", "cosine", "tfidf"}
        Weights of customers in the similarity of two items.
    neighbors : int
        Similar items kept an item, itself included.
    k1, b : float
        Saturation and length normalization of BM25.
    weighting : {"count", "binary", "log"}
        What repeated events count for, in training and in histories.
    """

    additive = True

    @validate_call
    def __init__(
        self,
        *,
        similarity: Literal["bm25", "cosine", "tfidf"] = "bm25",
        neighbors: PositiveInt = 100,
        k1: PositiveFloat = 1.2,
        b: Annotated[float, Field(ge=0, le=1)] = 0.75,
        weighting: Weighting = "count",
    ) -> None:
        self.similarity = similarity
        self.neighbors = neighbors
        self.k1 = k1
        self.b = b
        self.weighting = weighting

    def contributions(self, history: csr_matrix, items: IntArray) -> FloatArray:
        """Return the similarity of each item of the history to each of ``items``, weighted."""
        values = weighted(history, self.weighting).data[:, None]
        found: FloatArray = values * self._similarity[history.indices][:, items].toarray()
        return found

    def _fit(
        self, matrix: csr_matrix, interactions: Interactions, features: FeatureReader | None
    ) -> None:
        del interactions, features
        items = weighted(matrix, self.weighting).T
        if self.similarity == "bm25":
            items = bm25_weight(items, self.k1, self.b)
        else:
            items = normalize(tfidf_weight(items) if self.similarity == "tfidf" else items)
        model = ItemItemRecommender(K=self.neighbors)
        model.fit(items.T.tocsr(), show_progress=False)
        self._similarity = model.similarity.astype(np.float32)

    def _score(
        self, numbers: IntArray, histories: csr_matrix, features: FeatureReader | None
    ) -> FloatArray:
        del numbers, features
        scores: FloatArray = (weighted(histories, self.weighting) @ self._similarity).toarray()
        scores[scores == 0] = np.nan
        return scores

    def _arrays(self) -> Mapping[str, NDArray[Any]]:
        return {name: getattr(self._similarity, name) for name in ("data", "indices", "indptr")}

    def _restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        parts = (arrays["data"], arrays["indices"], arrays["indptr"])
        self._similarity = csr_matrix(parts, shape=(len(self.items), len(self.items)))
