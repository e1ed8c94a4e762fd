"""The next basket: what this customer is due to buy again, and what customers alike buy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, validate_call
from scipy.sparse import csr_matrix, diags

from training.ids import FloatArray, IntArray
from training.interactions import Interactions
from training.models.base import Recommender
from training.models.blocks import block_rows, rows_or_empty
from training.models.repeats import Floats, Repeats, as_floats, due_within
from training.topk import top_of_scores

if TYPE_CHECKING:
    from features.store.reader import FeatureReader


class NextBasket(Recommender):
    """Score an item by the customer's own repeats, and by those of the customers most alike.

    Own repeats are counted in baskets (days), older ones for less, and weighed by the chance that
    the item is due: intervals of a customer and an item follow a log-logistic distribution around
    the usual one, so that what was just bought waits and what is long overdue was given up (the
    idea of Bhagat, Muralidharan, Lobzhanidze and Vishwanath 2018, "Buy It Again: Modeling Repeat
    Purchase Recommendations", with intervals of another form). To these the mean of the nearest
    customers is added (TIFU-KNN: Hu, He, Gao and Zhang 2020, "Modeling Personalized Item Frequency
    Information for Next-basket Recommendation"), which also finds items the customer never had.

    Made for the task ``again``. A history that grew after training is used at once; new events
    happened just now.

    Parameters
    ----------
    half_life_days : float
        Age at which a basket counts half.
    horizon_days : float
        How far ahead purchases are expected.
    regularity : float
        Shape of the distribution of intervals: the larger, the more punctual customers are.
    prior_intervals : float
        How many of a customer's intervals the usual one of the item counts as.
    due_weight : float
        Exponent of the chance to be due; 0 leaves times aside.
    neighbors : int
        How many customers alike are asked.
    neighbor_weight : float
        Share of the score that comes from them, 0 to 1.
    """

    @validate_call
    def __init__(
        self,
        *,
        half_life_days: PositiveFloat = 120.0,
        horizon_days: PositiveFloat = 30.0,
        regularity: PositiveFloat = 1.0,
        prior_intervals: PositiveFloat = 1.0,
        due_weight: NonNegativeFloat = 0.5,
        neighbors: PositiveInt = 200,
        neighbor_weight: Annotated[float, Field(ge=0, le=1)] = 0.25,
    ) -> None:
        self.half_life_days = half_life_days
        self.horizon_days = horizon_days
        self.regularity = regularity
        self.prior_intervals = prior_intervals
        self.due_weight = due_weight
        self.neighbors = neighbors
        self.neighbor_weight = neighbor_weight

    def _fit(
        self, matrix: csr_matrix, interactions: Interactions, features: FeatureReader | None
    ) -> None:
        del features
        found = Repeats.of(interactions, matrix, self.half_life_days)
        interval = found.intervals(matrix.shape[1], self.prior_intervals)
        self._own = as_floats(matrix, found.decayed * self._worth(found.last, interval))
        self._fresh = self._just_had(found, interval)
        self._unit = _unit(self._own)

    def _worth(self, since: Floats, interval: Floats) -> Floats:
        """Return what a basket of each pair counts for, ``since`` days after the last [pairs]."""
        due = due_within(self.horizon_days, since, interval, self.regularity)
        worth: Floats = due**self.due_weight
        return worth

    def _just_had(self, found: Repeats, interval: Floats) -> FloatArray:
        """Return what one event just now is worth, by item: float32 [n_items]."""
        n_items = self.histories.shape[1]
        worth = self._worth(np.zeros_like(interval), interval)
        total = np.bincount(found.items, weights=worth, minlength=n_items)
        count = np.bincount(found.items, minlength=n_items)
        mean = np.divide(total, count, out=np.full(n_items, worth.mean()), where=count > 0)
        return mean.astype(np.float32)

    def _score(
        self, numbers: IntArray, histories: csr_matrix, features: FeatureReader | None
    ) -> FloatArray:
        del features
        grown = (histories - rows_or_empty(self.histories, numbers)).maximum(0)
        own = (rows_or_empty(self._own, numbers) + grown.multiply(self._fresh)).tocsr()
        own = own.multiply(histories != 0).tocsr().astype(np.float32)
        others = np.zeros(histories.shape, dtype=np.float32)
        step = block_rows(len(self.customers))
        for start in range(0, len(numbers), step):
            part = slice(start, start + step)
            others[part] = self._of_neighbors(own[part], numbers[part])
        scores = (1 - self.neighbor_weight) * own.toarray() + self.neighbor_weight * others
        return np.where(scores > 0, scores, np.float32(np.nan)).astype(np.float32)

    def _of_neighbors(self, own: csr_matrix, numbers: IntArray) -> FloatArray:
        """Return the mean repeats of the customers nearest by cosine, float32 [n, n_items]."""
        cosines = (_unit(own) @ self._unit.T).toarray().astype(np.float32)
        known = np.flatnonzero(numbers >= 0)
        cosines[known, numbers[known]] = np.nan  # nobody is their own neighbor
        cosines[cosines <= 0] = np.nan
        best = top_of_scores(cosines, min(self.neighbors, max(len(self.customers), 1))).items
        row, place = np.nonzero(best >= 0)
        chosen = (np.ones(len(row), dtype=np.float32), (row, best[row, place]))
        mean = csr_matrix(chosen, shape=cosines.shape) / np.float32(best.shape[1])
        found: FloatArray = (mean @ self._own).toarray()
        return found

    def _arrays(self) -> Mapping[str, NDArray[Any]]:
        return {"own": self._own.data, "fresh": self._fresh}

    def _restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._own = as_floats(self.histories, arrays["own"])
        self._fresh, self._unit = arrays["fresh"], _unit(self._own)


def _unit(rows: csr_matrix) -> csr_matrix:
    """Return ``rows`` with length 1; empty ones stay empty."""
    length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1))).ravel()
    scaled: csr_matrix = diags(1 / np.where(length > 0, length, 1)) @ rows
    return scaled.tocsr().astype(np.float32)
