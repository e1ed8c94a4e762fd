"""Nearness of items to the customer's profile: the only model that knows who never bought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, validate_call
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray
from training.interactions import Interactions
from training.models.question import Question
from training.models.ranking.items import matrix_of
from training.models.ranking.people import CustomerState
from training.models.strangers import LooksUpStrangers
from training.topk import TopK, top_of_factors

if TYPE_CHECKING:
    from features.store.reader import FeatureReader

Weight = Annotated[float, Field(ge=0, le=1)]
_PARTS = ("behavior_vector", "sentiment_vector", "topic_vector")
_TOLERANCE = 1e-6


class Content(LooksUpStrangers):
    """Score an item by the dot product of the customer's profile and the item's vector.

    Parameters
    ----------
    vector : {"profile_vector", "behavior_vector", "sentiment_vector", "topic_vector", \
"deep_vector"}
        Which vector of the profile.
    weights : list of three floats, optional
        alpha, beta, gamma: fuse behavior, sentiment and topic vectors with these weights instead
        (they must sum to 1; a missing vector counts as zeros).

    Raises
    ------
    ValueError
        If the weights do not sum to 1; from ``fit``, if no features are given or none has vectors.
    """

    ground = "profile"

    @validate_call
    def __init__(
        self,
        *,
        vector: Literal[
            "profile_vector",
            "behavior_vector",
            "sentiment_vector",
            "topic_vector",
            "deep_vector",
        ] = "profile_vector",
        weights: Annotated[Sequence[Weight], Field(min_length=3, max_length=3)] | None = None,
    ) -> None:
        if weights is not None and abs(sum(weights) - 1) > _TOLERANCE:
            raise ValueError(
                f"content.weights: alpha + beta + gamma must be 1, received {list(weights)} "
                f"with the sum {sum(weights):g}"
            )
        self.vector = vector
        self.weights = None if weights is None else list(weights)

    def _top_of_strangers(self, asked: Question, features: FeatureReader) -> TopK | None:
        profiles = self._profiles(CustomerState.of(asked.customers, None, features))
        if profiles.shape[1] != self._items.shape[1]:
            return None
        items = self._prepared(self._items, asked.columns)
        return asked.in_items(top_of_factors(profiles, items, asked.k, asked.excluded))

    def factors(
        self, numbers: IntArray, histories: csr_matrix
    ) -> tuple[FloatArray, FloatArray] | None:
        """Return profiles (a row of NaN for unknown customers) and item vectors."""
        del histories
        profiles = self._customers[np.maximum(numbers, 0)].copy()
        profiles[numbers < 0] = np.nan
        return profiles, self._items

    def _fit(
        self, matrix: csr_matrix, interactions: Interactions, features: FeatureReader | None
    ) -> None:
        del matrix
        if features is None:
            raise ValueError(
                "content: this model reads profiles and there are none; run "
                "`python -m features workspace=<name>` first, or choose another model"
            )
        moment, ids = interactions.until, interactions.items.ids.tolist()
        facts = features.items(ids, as_of=moment)
        self._items = matrix_of(facts.get("item_vector"), len(ids))
        people = CustomerState.of(interactions.customers.ids.tolist(), moment, features)
        self._customers = self._profiles(people)
        if not self._items.shape[1] or self._customers.shape[1] != self._items.shape[1]:
            raise ValueError(
                f"content: expected vectors of one length as of {moment.isoformat()}, received "
                f"customers {self._customers.shape}, items {self._items.shape}; make features as "
                "of a moment that is not later (features as_of)"
            )

    def _profiles(self, people: CustomerState) -> FloatArray:
        """Return the chosen vectors; all zeros says nothing and becomes NaN."""
        if self.weights is None:
            found = people.vectors.get(self.vector)
        else:
            parts = [
                np.float32(weight) * np.nan_to_num(people.vectors[name])
                for name, weight in zip(_PARTS, self.weights, strict=True)
                if name in people.vectors
            ]
            found = sum(parts[1:], parts[0]) if parts else None
        if found is None:
            return np.zeros((len(people.topics), 0), dtype=np.float32)
        silent = ~np.any(np.nan_to_num(found) != 0, axis=1)
        found = found.copy()
        found[silent] = np.nan
        return found

    def _item_vectors(self) -> FloatArray:
        return np.nan_to_num(self._items)

    def _arrays(self) -> Mapping[str, NDArray[Any]]:
        return {"customers": self._customers, "items": self._items}

    def _restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._customers, self._items = arrays["customers"], arrays["items"]
