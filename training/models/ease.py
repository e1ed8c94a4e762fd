"""EASE: a linear item-to-item model with one closed-form solution (Steck 2019)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import PositiveFloat, PositiveInt, validate_call
from scipy.sparse import csr_matrix

from training.interactions import Interactions
from training.models.linear import (
    gram,
    most_popular,
    refuse_too_large,
    zero_diagonal_weights,
)
from training.models.members import MemberWeights
from training.models.weighting import weighted

if TYPE_CHECKING:
    from features.store.reader import FeatureReader


class EASE(MemberWeights):
    """Score an item by learned weights of the items in the customer's history.

    With G = X'X + λI over the most popular items and P its inverse, the weight of item i for item
    j is -P[i, j] / P[j, j], and 0 on the diagonal. X is binary. The inverse is taken by Cholesky
    in float32. Works from histories alone, so events posted after training and unknown customers
    count at once; items outside the most popular ones are not scored.

    Parameters
    ----------
    regularization : float
        λ, added to the diagonal.
    max_items : int
        Only this many items, by distinct customers, take part: memory grows with the square and
        time with the cube.
    threads : int
        Threads of BLAS during the inverse.

    Raises
    ------
    MemoryError
        From ``fit``, before anything is allocated, if the weights would not fit in memory.
    """

    @validate_call
    def __init__(
        self,
        *,
        regularization: PositiveFloat = 500.0,
        max_items: PositiveInt = 8_000,
        threads: PositiveInt = 2,
    ) -> None:
        self.regularization = regularization
        self.max_items = max_items
        self.threads = threads

    def _fit(
        self, matrix: csr_matrix, interactions: Interactions, features: FeatureReader | None
    ) -> None:
        del interactions, features
        self._members = most_popular(matrix, self.max_items)
        refuse_too_large("EASE", len(self._members))
        found = gram(weighted(matrix[:, self._members], "binary"))
        found[np.diag_indices_from(found)] += self.regularization
        self._weights, _ = zero_diagonal_weights(found, "EASE", self.threads)
