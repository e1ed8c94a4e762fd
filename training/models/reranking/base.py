"""A model whose lists are chosen anew from its own first items."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray
from training.interactions import Interactions
from training.models.base import Recommender
from training.models.fallback import WithFallback
from training.models.question import Question
from training.models.reranking.greedy import Bonus, choose, relevance_of
from training.topk import TopK

if TYPE_CHECKING:
    from features.store.reader import FeatureReader

Weight = Annotated[float, Field(ge=0, le=1)]


class Reranked(Recommender):
    """Rank by ``primary``, then choose each list anew from its first ``candidates`` items.

    A subclass is constructed with ``primary``, ``weight`` and ``candidates``, and writes
    ``_prepare`` and ``_bonus``. The scores of a list are what its items were worth when they were
    chosen, on a scale of their own; with weight 0 the order is that of ``primary``. Equals are
    taken by item id. Whoever asks (evaluation, batch, online) asks this model as any other.

    Attributes
    ----------
    primary : Recommender
        The model that scores.
    weight : float
        Of variety against relevance, 0 to 1.
    candidates : int
        How many items of ``primary`` a list is chosen from.
    """

    primary: Recommender
    weight: float
    candidates: int
    categories: pd.Series[str] | None = None

    def know(self, categories: pd.Series[str] | None) -> Self:
        """Tell the category path of each item id, before fitting; None where none are known."""
        self.categories = categories
        return self

    def around(self) -> Self:
        """Take ``primary`` as it is, already fitted, and get ready."""
        self.customers, self.items = self.primary.customers, self.primary.items
        self.histories, self.until = self.primary.histories, self.primary.until
        self._prepare()
        return self

    def similar_items(self, items: Sequence[str], k: int) -> pd.DataFrame:
        """Answer as the primary does."""
        return self.primary.similar_items(items, k)

    def factors(
        self, numbers: IntArray, histories: csr_matrix
    ) -> tuple[FloatArray, FloatArray] | None:
        """Return the factors of the primary."""
        return self.primary.factors(numbers, histories)

    def diagnostics(self) -> dict[str, float]:
        """Return what the primary measured."""
        return self.primary.diagnostics()

    @abstractmethod
    def _prepare(self) -> None:
        """Work out what re-ranking needs to know of all items."""

    @abstractmethod
    def _bonus(self, items: IntArray, histories: csr_matrix) -> Bonus:
        """Return what variety adds to ``items`` [n, candidates], -1 for none, of n customers."""

    def _rows(self) -> int:
        """Return how many customers are re-ranked at a time."""
        return 1024

    def _top(self, asked: Question) -> tuple[TopK, NDArray[np.bool_]]:
        wide, from_fallback = self.primary._top(replace(asked, k=max(asked.k, self.candidates)))
        order = np.argsort(wide.items.view(np.uint32), axis=1, kind="stable")  # by item, -1 last
        items = np.take_along_axis(wide.items, order, axis=1)
        relevance = relevance_of(np.take_along_axis(wide.scores, order, axis=1))
        places = np.full((len(items), asked.k), -1, dtype=np.intp)
        scores = np.full((len(items), asked.k), np.nan, dtype=np.float32)
        for start in range(0, len(items), self._rows()):
            part = slice(start, start + self._rows())
            bonus = self._bonus(items[part], asked.histories[part])
            places[part], scores[part] = choose(relevance[part], asked.k, self.weight, bonus)
        missing = places < 0
        chosen = np.take_along_axis(order, np.where(missing, 0, places), axis=1)

        def taken(values: NDArray[Any], empty: Any) -> NDArray[Any]:
            return np.where(missing, empty, np.take_along_axis(values, chosen, axis=1))

        parts = {name: taken(each, np.float32(np.nan)) for name, each in (wide.parts or {}).items()}
        best = TopK(taken(wide.items, np.int32(-1)), scores, parts or None)
        return best, taken(from_fallback, False)

    def _fit(
        self, matrix: csr_matrix, interactions: Interactions, features: FeatureReader | None
    ) -> None:
        self.primary.fit_matrix(matrix, interactions, features)
        self._prepare()

    def _score(
        self, numbers: IntArray, histories: csr_matrix, features: FeatureReader | None
    ) -> FloatArray:
        return self.primary._score(numbers, histories, features)

    def _item_vectors(self) -> FloatArray | None:
        return self.primary._item_vectors()


def scorer_of(model: Recommender) -> Recommender:
    """Return the model that scores, without the fallback and the re-ranking around it."""
    while isinstance(model, WithFallback | Reranked):
        model = model.primary
    return model
