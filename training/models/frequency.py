"""What a customer keeps coming back for: their own counts, the reference of the task ``again``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import PositiveFloat, validate_call
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray
from training.interactions import Interactions
from training.models.base import Recommender
from training.models.blocks import rows_or_empty

if TYPE_CHECKING:
    from features.store.reader import FeatureReader


class OwnFrequency(Recommender):
    """Score an item by how often this customer had it; equal counts by recency, then popularity.

    Items the customer never had are not scored, so it answers the task ``again`` only, and does
    best with a fallback behind it.

    Parameters
    ----------
    half_life_days : float
        Recency of the last time, ``2 ** (-days / half_life_days)``, decides between equal counts.
    """

    ground = "behavior"

    @validate_call
    def __init__(self, *, half_life_days: PositiveFloat = 30.0) -> None:
        self.half_life_days = half_life_days

    def _fit(
        self, matrix: csr_matrix, interactions: Interactions, features: FeatureReader | None
    ) -> None:
        del features
        until = pd.Timestamp(interactions.until)
        days = (until - interactions.frame["occurred_at"]).dt.total_seconds().to_numpy() / 86_400
        flat = interactions.customer_numbers.astype(np.int64) * len(interactions.items)
        _, pair = np.unique(flat + interactions.item_numbers, return_inverse=True)
        last = np.full(matrix.nnz, np.inf)
        np.minimum.at(last, pair, days)
        self._recency = csr_matrix(
            (
                np.exp2(-last / self.half_life_days).astype(np.float32),
                matrix.indices,
                matrix.indptr,
            ),
            shape=matrix.shape,
        )
        support = np.bincount(matrix.indices, minlength=matrix.shape[1])
        self._popularity = (support / (support.max() + 1)).astype(np.float32)

    def _score(
        self, numbers: IntArray, histories: csr_matrix, features: FeatureReader | None
    ) -> FloatArray:
        del features
        trained = rows_or_empty(self.histories, numbers)
        recency = rows_or_empty(self._recency, numbers)
        grown = ((histories - trained) > 0).astype(np.float32)  # new events happened just now
        counts = histories.toarray()
        had = counts > 0
        tie = 0.9 * np.maximum(recency.toarray(), grown.toarray()) + 0.05 * self._popularity
        return np.where(had, counts + tie, np.nan).astype(np.float32)

    def _arrays(self) -> Mapping[str, NDArray[Any]]:
        return {"recency": self._recency.data, "popularity": self._popularity}

    def _restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._popularity = arrays["popularity"]
        parts = (arrays["recency"], self.histories.indices, self.histories.indptr)
        self._recency = csr_matrix(parts, shape=self.histories.shape)
