"""A model with another one behind it: whoever the first cannot serve, the second does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import validate_call
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray
from training.interactions import Interactions
from training.models.base import Recommender
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

    def top(
        self,
        customers: Sequence[str],
        k: int,
        *,
        exclude_seen: bool = True,
        candidates: Sequence[str] | None = None,
        histories: csr_matrix | None = None,
        features: FeatureReader | None = None,
    ) -> tuple[TopK, NDArray[np.bool_]]:
        """Take the primary's answers first; see :meth:`Recommender.top`."""
        rules: dict[str, Any] = {"exclude_seen": exclude_seen, "candidates": candidates}
        rules["features"] = features
        best, _ = self.primary.top(customers, k, histories=histories, **rules)
        from_fallback = np.zeros(best.items.shape, dtype=bool)
        short = np.flatnonzero((best.items < 0).any(axis=1))
        if short.size:
            asked = [customers[i] for i in short.tolist()]
            rows = None if histories is None else histories[short]
            extra, _ = self.fallback.top(asked, 2 * k, histories=rows, **rules)
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
