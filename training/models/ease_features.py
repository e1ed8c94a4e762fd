"""EASE with features: items and customers without history become scoreable, in closed form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, validate_call
from scipy.linalg import solve
from scipy.sparse import block_array, csr_matrix, hstack

from training.ids import FloatArray, IntArray
from training.interactions import Interactions
from training.models.blocks import top_of_blocks
from training.models.linear import (
    contributions_of_members,
    gram,
    most_popular,
    places_in,
    refuse_too_large,
    zero_diagonal_weights,
)
from training.models.question import Question
from training.models.side_information import CustomerColumns, Vector, item_columns
from training.models.strangers import LooksUpStrangers
from training.models.weighting import weighted
from training.topk import TopK

if TYPE_CHECKING:
    from features.store.reader import FeatureReader


class EASEWithFeatures(LooksUpStrangers):
    """Score an item by learned weights of the history, of item features and of the profile.

    Collective EASE (Jeunen, Van Balen and Goethals 2020, "Closed-Form Models for Collaborative
    Filtering with Side-Information"), for both sides at once: item features are rows below those
    of the customers, as if each feature were a customer who had the items that have it; profile
    features are columns beside those of the items, as if each were an item. One ridge regression
    with zero diagonal learns the weights of all.

    Two more ridge regressions serve what has no history. A customer without one is scored by the
    profile alone: items are regressed on profiles. An item hardly anybody had yet is scored by its
    features: the weights of the items learned from are regressed on theirs, which amounts to a
    smoothed mean of the scores of items alike. Other items outside the most popular ones are not
    scored.

    Parameters
    ----------
    regularization : float
        λ, added to the diagonal.
    item_weight : float
        How many customers a feature of items counts as; 0 leaves them out.
    customer_weight : float
        The same for a feature of the profile.
    vector : {"profile_vector", "behavior_vector", "sentiment_vector", "topic_vector", \
"deep_vector"}
        Which vector of the profile; topic shares are always used.
    new_below : int
        Items with fewer distinct customers are new: scored by their features. 0: none are.
    smoothing : float
        Penalty of these two regressions; every feature has unit length.
    max_items : int
        Only this many items, by distinct customers, are learned from one by one.
    threads : int
        Threads of BLAS during the inverse.

    Raises
    ------
    ValueError
        From ``fit``, if no features are given.
    MemoryError
        From ``fit``, before anything is allocated, if the weights would not fit in memory.
    """

    additive = True
    beside = "profile"

    @validate_call
    def __init__(
        self,
        *,
        regularization: PositiveFloat = 1000.0,
        item_weight: NonNegativeFloat = 100.0,
        customer_weight: NonNegativeFloat = 1.0,
        vector: Vector = "profile_vector",
        new_below: NonNegativeInt = 1,
        smoothing: PositiveFloat = 0.1,
        max_items: PositiveInt = 8_000,
        threads: PositiveInt = 2,
    ) -> None:
        self.regularization = regularization
        self.item_weight = item_weight
        self.customer_weight = customer_weight
        self.vector = vector
        self.new_below = new_below
        self.smoothing = smoothing
        self.max_items = max_items
        self.threads = threads

    def _top_of_strangers(self, asked: Question, features: FeatureReader) -> TopK:
        profiles = self._columns.read(list(asked.customers), None, features)
        histories, columns = asked.histories, asked.columns

        def score(part: slice) -> FloatArray:
            found = self._scores_of(histories[part], profiles[part])
            return found if columns is None else found[:, columns]

        return asked.in_items(top_of_blocks(score, histories.shape, asked.k, asked.excluded))

    def contributions(self, history: csr_matrix, items: IntArray) -> FloatArray:
        """Return the weight of each item of the history for each of ``items``."""
        found = contributions_of_members(history, items, self._members, self._weights)
        new, had = places_in(items, self._new), places_in(history.indices, self._members)
        columns, rows = np.flatnonzero(new >= 0), np.flatnonzero(had >= 0)
        if columns.size:
            block = self._traits[new[columns]] @ self._by_traits[had[rows]].T
            found[np.ix_(rows, columns)] = block.T
        return found

    def _fit(
        self, matrix: csr_matrix, interactions: Interactions, features: FeatureReader | None
    ) -> None:
        if features is None:
            raise ValueError(
                "ease_features: this model reads features and there are none; run "
                "`python -m features workspace=<name>` first, or use model=ease"
            )
        moment = interactions.until
        self._columns, self._profiles = CustomerColumns.of(
            interactions.customers.ids.tolist(), moment, features, self.vector
        )
        tags, vectors = item_columns(interactions.items.ids.tolist(), moment, features)
        support = np.bincount(matrix.indices, minlength=matrix.shape[1])
        members = most_popular(matrix, self.max_items)
        self._members = members[support[members] >= max(self.new_below, 1)]
        self._new = np.flatnonzero(support < self.new_below).astype(np.int32)
        beside = self._profiles.shape[1] + (tags.shape[1] if len(self._new) else 0)
        refuse_too_large("EASE with features", len(self._members), 2 * beside)
        binary = weighted(matrix[:, self._members], "binary")
        found = self._gram(binary, tags, vectors)
        found, _ = zero_diagonal_weights(found, "EASE with features", self.threads)
        alone = self._ridge(self._profiles.T @ self._profiles, (binary.T @ self._profiles).T)
        self._weights = np.vstack([found[:, : len(self._members)], alone])
        del found  # as large as all weights together
        traits = hstack([tags, csr_matrix(vectors)], format="csr", dtype=np.float32)
        self._traits = traits[self._new]
        self._by_traits = self._weights_of_traits(traits[self._members])

    def _gram(self, binary: csr_matrix, tags: csr_matrix, vectors: FloatArray) -> FloatArray:
        """Return the regularized Gram matrix of customers and tags by members and profiles."""
        profiles = csr_matrix(self._profiles * np.float32(self.customer_weight**0.5))
        below = tags[self._members].T * np.float32(self.item_weight**0.5)
        whole = block_array([[binary, profiles], [below, None]], format="csr", dtype=np.float32)
        found = gram(whole)
        n_members = len(self._members)
        chosen = vectors[self._members]
        found[:n_members, :n_members] += np.float32(self.item_weight) * (chosen @ chosen.T)
        found[np.diag_indices_from(found)] += self.regularization
        return found

    def _weights_of_traits(self, traits: csr_matrix) -> FloatArray:
        """Regress the weights of members on their ``traits``: float32 [rows of weights, d]."""
        if not len(self._new):
            return np.zeros((len(self._weights), 0), dtype=np.float32)
        if traits.shape[0] < traits.shape[1]:  # the same in the smaller of two forms
            found = traits.T @ self._ridge((traits @ traits.T).toarray(), self._weights.T)
        else:
            found = self._ridge((traits.T @ traits).toarray(), traits.T @ self._weights.T)
        return np.ascontiguousarray(found.T)

    def _ridge(self, square: FloatArray, product: FloatArray) -> FloatArray:
        """Solve the ridge regression with Gram matrix ``square`` [d, d], ``product`` [d, n]."""
        square[np.diag_indices_from(square)] += np.float32(self.smoothing)
        found: FloatArray = solve(square, product, assume_a="pos", overwrite_a=True)
        return found

    def _score(
        self, numbers: IntArray, histories: csr_matrix, features: FeatureReader | None
    ) -> FloatArray:
        del features
        profiles = self._profiles[np.maximum(numbers, 0)] * (numbers >= 0)[:, None]
        return self._scores_of(histories, profiles.astype(np.float32))

    def _scores_of(self, histories: csr_matrix, profiles: FloatArray) -> FloatArray:
        """Score by history and profile [n, width]; NaN for who has neither."""
        known = weighted(histories[:, self._members], "binary")
        silent = (np.diff(known.indptr) == 0)[:, None]
        beside = profiles * np.float32(self.customer_weight**0.5) * ~silent
        given = hstack([known, csr_matrix(np.hstack([beside, profiles * silent]))])
        scores = np.full(histories.shape, np.nan, dtype=np.float32)
        scores[:, self._members] = given @ self._weights
        if len(self._new):
            scores[:, self._new] = (self._traits @ (given @ self._by_traits).T).T
            scores[:, self._new[np.diff(self._traits.indptr) == 0]] = np.nan
        scores[silent[:, 0] & ~profiles.any(axis=1)] = np.nan
        return scores

    def _arrays(self) -> Mapping[str, NDArray[Any]]:
        traits = {f"traits.{n}": getattr(self._traits, n) for n in ("data", "indices", "indptr")}
        return {
            "members": self._members,
            "new": self._new,
            "weights": self._weights,
            "by_traits": self._by_traits,
            "profiles": self._profiles,
            "center": self._columns.center,
            "scale": self._columns.scale,
            **traits,
        }

    def _restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._members, self._weights = arrays["members"], arrays["weights"]
        self._by_traits, self._profiles = arrays["by_traits"], arrays["profiles"]
        self._columns = CustomerColumns(self.vector, arrays["center"], arrays["scale"])
        parts = tuple(arrays[f"traits.{name}"] for name in ("data", "indices", "indptr"))
        self._new = arrays["new"]
        self._traits = csr_matrix(parts, shape=(len(self._new), self._by_traits.shape[1]))
