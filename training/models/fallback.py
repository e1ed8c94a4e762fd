"""A model with another one behind it: whoever the first cannot serve, the second does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import validate_call
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray
from training.interactions import Interactions
from training.models.base import Recommender
from training.models.question import Question
from training.topk import TopK

if TYPE_CHECKING:
    from features.store.reader import FeatureReader


class WithFallback(Recommender):
    """Rank by ``primary``; fill the places it leaves empty with the ranking of ``fallback``.

    Parameters
    ----------
    primary : Recommender
        The model that answers where it can.
    fallback : Recommender
        Answers for unknown customers and for places left over; usually recent popularity. Its
        scores are on their own scale: ranks, not scores, continue from one to the other.
    """

    @validate_call(config={"arbitrary_types_allowed": True})
    def __init__(self, *, primary: Recommender, fallback: Recommender) -> None:
        self.primary = primary
        self.fallback = fallback
        self.predicts_ratings = primary.predicts_ratings

    def predict(self, customers: Sequence[str], items: Sequence[str]) -> FloatArray:
        """Predict as the primary does."""
        return self.primary.predict(customers, items)

    def _top(self, asked: Question) -> tuple[TopK, NDArray[np.bool_]]:
        """Take the primary's answers first; both parts know the same customers and items."""
        best, _ = self.primary._top(asked)
        from_fallback = np.zeros(best.items.shape, dtype=bool)
        short = np.flatnonzero((best.items < 0).any(axis=1)).astype(np.int32)
        if short.size:
            extra, _ = self.fallback._top(replace(asked.of(short), k=2 * asked.k))
            for place, row in enumerate(short.tolist()):
                from_fallback[row] = _fill(best, row, extra.items[place], extra.scores[place])
        return best, from_fallback

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

    def chances(self, scores: FloatArray) -> FloatArray | None:
        """Return what the scores of the primary say."""
        return self.primary.chances(scores)

    def learning_curve(self) -> pd.DataFrame:
        """Return the curve of the primary."""
        return self.primary.learning_curve()

    def _fit(
        self, matrix: csr_matrix, interactions: Interactions, features: FeatureReader | None
    ) -> None:
        for part in (self.primary, self.fallback):
            part.fit_matrix(matrix, interactions, features)

    def _score(
        self, numbers: IntArray, histories: csr_matrix, features: FeatureReader | None
    ) -> FloatArray:
        return self.primary._score(numbers, histories, features)

    def _arrays(self) -> Mapping[str, NDArray[Any]]:
        return {}

    def _restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        del arrays


def _fill(best: TopK, row: int, items: IntArray, scores: FloatArray) -> NDArray[np.bool_]:
    """Fill the empty places of ``row``, in place, with ``items`` that it does not hold yet."""
    empty = np.flatnonzero(best.items[row] < 0)
    fresh = np.flatnonzero((items >= 0) & ~np.isin(items, best.items[row]))[: len(empty)]
    places = empty[: len(fresh)]
    best.items[row, places] = items[fresh]
    best.scores[row, places] = scores[fresh]
    filled = np.zeros(best.items.shape[1], dtype=bool)
    filled[places] = True
    return filled
