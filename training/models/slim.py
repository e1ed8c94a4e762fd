"""SLIM: sparse item-to-item weights by elastic-net regression (Ning and Karypis 2011)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, validate_call
from scipy.sparse import csr_matrix

from training.interactions import Interactions
from training.models.irspack_parts import slim_weight_allow_negative, slim_weight_positive_only
from training.models.linear import (
    most_popular,
)
from training.models.members import MemberWeights
from training.models.weighting import weighted

if TYPE_CHECKING:
    from features.store.reader import FeatureReader


class SLIM(MemberWeights):
    """Score an item by sparse learned weights of the items in the customer's history.

    Each item's column is regressed on all others with an elastic net, by cyclic coordinate
    descent (``irspack``); the weight of an item for itself is 0 ("SLIM: Sparse Linear Methods for
    Top-N Recommender Systems"). X is binary. Works from histories alone; an item no weight leads
    to scores 0. Memory is ``neighbors`` weights an item.

    Parameters
    ----------
    l2, l1 : float
        Ridge and lasso penalties of a weight; as EASE's λ, they are on the scale of customers.
    positive : bool
        Only weights from 0 up, as in the paper.
    neighbors : int
        Most weights kept an item.
    iterations : int
        Rounds of coordinate descent at most.
    tolerance : float
        Stop once no weight of an item moves by more.
    max_items : int
        Only this many items, by distinct customers, take part: time grows with the square.
    threads : int
        Threads of the descent; with more than one, weights vary within ``tolerance``.
    """

    @validate_call
    def __init__(
        self,
        *,
        l2: PositiveFloat = 500.0,
        l1: NonNegativeFloat = 10.0,
        positive: bool = True,
        neighbors: PositiveInt = 200,
        iterations: PositiveInt = 10,
        tolerance: Annotated[float, Field(gt=0, lt=1)] = 1e-3,
        max_items: PositiveInt = 8_000,
        threads: PositiveInt = 1,
    ) -> None:
        self.l2 = l2
        self.l1 = l1
        self.positive = positive
        self.neighbors = neighbors
        self.iterations = iterations
        self.tolerance = tolerance
        self.max_items = max_items
        self.threads = threads

    def _fit(
        self, matrix: csr_matrix, interactions: Interactions, features: FeatureReader | None
    ) -> None:
        del interactions, features
        self._members = most_popular(matrix, self.max_items)
        solve = slim_weight_positive_only if self.positive else slim_weight_allow_negative
        found = solve(
            weighted(matrix[:, self._members], "binary"),
            n_threads=self.threads,
            n_iter=self.iterations,
            l2_coeff=self.l2,
            l1_coeff=self.l1,
            tol=self.tolerance,
            top_k=min(self.neighbors, len(self._members)),
        )
        self._weights = csr_matrix(found, dtype=np.float32)
        self._weights.sort_indices()
