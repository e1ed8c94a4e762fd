"""The baseline of rating prediction: a mean, and how customers and items stray from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt, validate_call
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray
from training.interactions import Interactions
from training.models.base import Recommender

if TYPE_CHECKING:
    from features.store.reader import FeatureReader


class Bias(Recommender):
    """Predict mean + customer's bias + item's bias (Koren, Bell and Volinsky 2009).

    The biases minimize the squared error of the known ratings plus their own squares, weighted by
    the two regularizations; customers and items are solved for in turn until neither moves.
    Unknown customers and items have a bias of 0, so every pair is predicted. As a ranker it puts
    well-rated items first, in the same order for everybody.

    Parameters
    ----------
    customer_regularization, item_regularization : float
        L2 penalty: this many ratings at the mean are added to those of each customer or item.
    iterations : int
        Most rounds.
    tolerance : float
        Stop once no bias moves by more, in units of the rating.

    Raises
    ------
    ValueError
        From ``fit``, if no event has a value.
    """

    predicts_ratings = True

    @validate_call
    def __init__(
        self,
        *,
        customer_regularization: NonNegativeFloat = 10.0,
        item_regularization: NonNegativeFloat = 10.0,
        iterations: PositiveInt = 100,
        tolerance: PositiveFloat = 1e-5,
    ) -> None:
        self.customer_regularization = customer_regularization
        self.item_regularization = item_regularization
        self.iterations = iterations
        self.tolerance = tolerance

    def predict(self, customers: Sequence[str], items: Sequence[str]) -> FloatArray:
        """Predict the rating of each pair, float32 [n]; what is unknown strays by 0."""
        rows = self.customers.numbers(customers, missing="negative")
        columns = self.items.numbers(items, missing="negative")
        predicted: FloatArray = self._mean + _taken(self._of_customers, rows)
        return predicted + _taken(self._of_items, columns)

    def factors(
        self, numbers: IntArray, histories: csr_matrix
    ) -> tuple[FloatArray, FloatArray] | None:
        """Return [mean + bias, 1] of customers and [1, bias] of items."""
        del histories
        level = self._mean + _taken(self._of_customers, numbers)
        customers = np.stack([level, np.ones_like(level)], axis=1)
        return customers.astype(np.float32), self._vectors

    def _fit(
        self, matrix: csr_matrix, interactions: Interactions, features: FeatureReader | None
    ) -> None:
        del matrix, features
        ratings = interactions.csr("value").tocoo()
        mean = float(ratings.data.mean(dtype=np.float64))
        strayed = ratings.data.astype(np.float64) - mean
        customers, items = np.zeros(ratings.shape[0]), np.zeros(ratings.shape[1])
        for _ in range(self.iterations):
            before = customers, items
            rest = strayed - customers[ratings.row]
            items = _shrunk(rest, ratings.col, len(items), self.item_regularization)
            rest = strayed - items[ratings.col]
            customers = _shrunk(rest, ratings.row, len(customers), self.customer_regularization)
            pairs = zip(before, (customers, items), strict=True)
            if max(np.abs(new - old).max() for old, new in pairs) <= self.tolerance:
                break
        self._restore(
            {
                "mean": np.array([mean], dtype=np.float32),
                "customers": customers.astype(np.float32),
                "items": items.astype(np.float32),
            }
        )

    def _arrays(self) -> Mapping[str, NDArray[Any]]:
        mean = np.array([self._mean], dtype=np.float32)
        return {"mean": mean, "customers": self._of_customers, "items": self._of_items}

    def _restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._mean = np.float32(arrays["mean"][0])
        self._of_customers, self._of_items = arrays["customers"], arrays["items"]
        self._vectors = np.stack([np.ones_like(self._of_items), self._of_items], axis=1)


def _taken(biases: FloatArray, numbers: IntArray) -> FloatArray:
    """Return the biases at ``numbers``, 0 where the number is -1."""
    return np.where(numbers >= 0, biases[numbers], np.float32(0))


def _shrunk(
    values: NDArray[np.float64], owners: IntArray, n: int, regularization: float
) -> NDArray[np.float64]:
    """Return the sum of the values of each owner over their number plus the regularization."""
    sums = np.bincount(owners, weights=values, minlength=n)
    counts = np.bincount(owners, minlength=n) + regularization
    return np.asarray(np.divide(sums, counts, out=np.zeros(n), where=counts > 0))
