"""Maximal marginal relevance: each item should add something to those before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveInt, validate_call
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray
from training.models.base import Recommender
from training.models.latent import item_vectors
from training.models.reranking.base import Reranked, Weight
from training.models.reranking.greedy import Bonus, Values
from training.tastes import codes_of

_BYTES = 64 << 20  # most memory of the vectors of one block of candidates


class MMR(Reranked):
    """Choose the item with the best balance of relevance and distance to those chosen before.

    Carbonell and Goldstein (1998), "The Use of MMR, Diversity-Based Reranking for Reordering
    Documents and Producing Summaries", with λ = 1 - ``weight``: an item is worth
    (1 - weight) · relevance - weight · (its largest similarity to an item of the list so far).

    Parameters
    ----------
    primary : Recommender
        The model that scores.
    weight : float
        Of distance against relevance, 0 to 1.
    candidates : int
        How many items of ``primary`` a list is chosen from.
    similarity : {"factors", "category"}
        The cosine of the items' factors (those of ``primary``, or of a singular value
        decomposition where it has none; below 0 is 0), or 1 in the same category and 0 elsewhere:
        once every category is on the list, relevance alone decides again.

    Raises
    ------
    ValueError
        From ``fit``, if categories are asked for and no item has one.
    """

    @validate_call(config={"arbitrary_types_allowed": True})
    def __init__(
        self,
        *,
        primary: Recommender,
        weight: Weight = 0.3,
        candidates: PositiveInt = 100,
        similarity: Literal["factors", "category"] = "factors",
    ) -> None:
        self.primary = primary
        self.weight = weight
        self.candidates = candidates
        self.similarity = similarity

    def _prepare(self) -> None:
        if self.similarity == "factors":
            self._known: NDArray[Any] = item_vectors(self.primary)
            return
        self._known = codes_of(self.categories, self.items)
        if (self._known < 0).all():
            raise ValueError(
                "rerank.similarity=category: no item has a category; load items with categories, "
                "or use similarity=factors"
            )

    def _rows(self) -> int:
        width = self._known[:1].size or 1
        return max(1, _BYTES // (4 * self.candidates * width))

    def _bonus(self, items: IntArray, histories: csr_matrix) -> Bonus:
        del histories
        if self.similarity == "category":
            return _OneOfAKind(np.where(items < 0, -1, self._known[items]))
        vectors = self._known[items]
        vectors[items < 0] = 0
        return _Apart(vectors)

    def _arrays(self) -> Mapping[str, NDArray[Any]]:
        return {"known": self._known}

    def _restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._known = arrays["known"]


class _Apart:
    """Minus the largest cosine to an item of the list; ``vectors`` are [n, candidates, d]."""

    def __init__(self, vectors: FloatArray) -> None:
        self._vectors = vectors
        self._nearest = np.zeros(vectors.shape[:2])

    def now(self) -> Values:
        return -self._nearest

    def take(self, places: NDArray[np.intp]) -> None:
        chosen = self._vectors[np.arange(len(places)), places]
        cosine = np.matmul(self._vectors, chosen[:, :, None])[:, :, 0]
        np.maximum(self._nearest, cosine, out=self._nearest)


class _OneOfAKind:
    """Minus 1 where the category, ``codes`` [n, candidates], is on the list already."""

    def __init__(self, codes: IntArray) -> None:
        self._codes = codes
        self._taken = np.zeros(codes.shape)

    def now(self) -> Values:
        return -self._taken

    def take(self, places: NDArray[np.intp]) -> None:
        code = self._codes[np.arange(len(places)), places][:, None]
        self._taken[(self._codes == code) & (code >= 0)] = 1
