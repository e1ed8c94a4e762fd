"""Matrix factorization by Bayesian personalized ranking (``implicit``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from implicit.cpu.bpr import BayesianPersonalizedRanking
from numpy.typing import NDArray
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, validate_call
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray
from training.interactions import Interactions
from training.models.base import Recommender

if TYPE_CHECKING:
    from features.store.reader import FeatureReader


class BPR(Recommender):
    """Factors trained so that what a customer had ranks above what they had not (Rendle 2009).

    Unknown customers are not scored, and events posted after training do not change a customer's
    factors (they are still left out as seen).

    Parameters
    ----------
    dimensions : int
        Length of the vectors.
    learning_rate : float
        Step of the stochastic gradient.
    regularization : float
        L2 penalty of the factors.
    iterations : int
        Passes over the data.
    threads : int
        More than one is faster, and not repeatable: threads overwrite each other's steps.
    seed : int
        Of first factors and samples.
    """

    @validate_call
    def __init__(
        self,
        *,
        dimensions: PositiveInt = 32,
        learning_rate: PositiveFloat = 0.01,
        regularization: NonNegativeFloat = 0.02,
        iterations: PositiveInt = 15,
        threads: PositiveInt = 1,
        seed: NonNegativeInt = 0,
    ) -> None:
        self.dimensions = dimensions
        self.learning_rate = learning_rate
        self.regularization = regularization
        self.iterations = iterations
        self.threads = threads
        self.seed = seed

    def factors(
        self, numbers: IntArray, histories: csr_matrix
    ) -> tuple[FloatArray, FloatArray] | None:
        """Return the trained factors; the last of each is the item's bias times one."""
        del histories
        customers: FloatArray = self._customers[
            numbers
        ]  # -1 takes some row, which the next line mutes
        customers[numbers < 0] = np.nan
        return customers, self._items

    def _fit(
        self, matrix: csr_matrix, interactions: Interactions, features: FeatureReader | None
    ) -> None:
        del interactions, features
        model = BayesianPersonalizedRanking(
            factors=self.dimensions,
            learning_rate=self.learning_rate,
            regularization=self.regularization,
            iterations=self.iterations,
            num_threads=self.threads,
            random_state=self.seed,
        )
        model.fit(matrix, show_progress=False)
        self._customers, self._items = model.user_factors, model.item_factors

    def _item_vectors(self) -> FloatArray:
        vectors: FloatArray = self._items[:, : self.dimensions]
        return vectors

    def _arrays(self) -> Mapping[str, NDArray[Any]]:
        return {"customers": self._customers, "items": self._items}

    def _restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._customers, self._items = arrays["customers"], arrays["items"]
