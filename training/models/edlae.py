"""EDLAE: EASE that learns to guess items that were dropped from the history (Steck 2020)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field, PositiveFloat, PositiveInt, validate_call
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


class EDLAE(MemberWeights):
    """Score an item by learned weights of the items in the customer's history.

    The full-rank solution of the emphasized denoising linear autoencoder (Steck 2020,
    "Autoencoders that don't overfit towards the Identity"): each item is dropped from the input
    with probability p while it is learned from, which in expectation is an L2 penalty of
    p / (1 - p) times how many customers had it, on top of λ. Popular items are held back more
    than in EASE, which is the case p = 0. X is binary. Works from histories alone.

    Parameters
    ----------
    dropout : float
        p, in 0..1 without 1.
    regularization : float
        λ, added to the diagonal for every item alike.
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
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.33,
        regularization: PositiveFloat = 1000.0,
        max_items: PositiveInt = 8_000,
        threads: PositiveInt = 2,
    ) -> None:
        self.dropout = dropout
        self.regularization = regularization
        self.max_items = max_items
        self.threads = threads

    def _fit(
        self, matrix: csr_matrix, interactions: Interactions, features: FeatureReader | None
    ) -> None:
        del interactions, features
        self._members = most_popular(matrix, self.max_items)
        refuse_too_large("EDLAE", len(self._members))
        found = gram(weighted(matrix[:, self._members], "binary"))
        odds = self.dropout / (1 - self.dropout)
        found[np.diag_indices_from(found)] += odds * found.diagonal() + self.regularization
        self._weights, _ = zero_diagonal_weights(found, "EDLAE", self.threads)
