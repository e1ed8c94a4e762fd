"""What many customers chose in the last days: the reference every model has to beat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import PositiveInt, validate_call
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray
from training.interactions import Interactions
from training.models.base import Recommender

if TYPE_CHECKING:
    from features.store.reader import FeatureReader


class RecentPopularity(Recommender):
    """Score an item by how many distinct customers had it in the last days before ``until``.

    Items nobody had in that window follow, in the order of their customers over all time.

    Parameters
    ----------
    days : int
        Length of the window in days.
    """

    ground = "popularity"

    @validate_call
    def __init__(self, *, days: PositiveInt = 28) -> None:
        self.days = days

    def factors(
        self, numbers: IntArray, histories: csr_matrix
    ) -> tuple[FloatArray, FloatArray] | None:
        """Return ones and the popularity: the same order for every customer, known or not."""
        del histories
        return np.ones((len(numbers), 1), dtype=np.float32), self._popularity

    def _fit(
        self, matrix: csr_matrix, interactions: Interactions, features: FeatureReader | None
    ) -> None:
        del features
        start = pd.Timestamp(interactions.until) - pd.Timedelta(days=self.days)
        recent = (interactions.frame["occurred_at"] >= start).to_numpy()
        pairs = np.unique(
            np.stack([interactions.item_numbers[recent], interactions.customer_numbers[recent]]),
            axis=1,
        )
        n_items = len(interactions.items)
        lately = np.bincount(pairs[0], minlength=n_items)
        ever = np.bincount(matrix.indices, minlength=n_items)
        self._popularity = (lately + ever / (2 * (ever.max() + 1))).astype(np.float32)[:, None]

    def _arrays(self) -> Mapping[str, NDArray[Any]]:
        return {"popularity": self._popularity}

    def _restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._popularity = arrays["popularity"]
