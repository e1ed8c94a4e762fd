"""What models of item-to-item weights share: they score a history by the weights of its items."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray
from training.models.base import Recommender
from training.models.linear import contributions_of_members
from training.models.weighting import weighted

if TYPE_CHECKING:
    from features.store.reader import FeatureReader


class MemberWeights(Recommender):
    """Scores the items that take part by the weights of those in each history; a model learns them.

    A subclass writes ``_fit``, which makes the numbers, ascending, of the items that take part and
    the weight of each (rows) for each (columns).
    """

    additive = True
    _members: IntArray
    _weights: FloatArray | csr_matrix

    def contributions(self, history: csr_matrix, items: IntArray) -> FloatArray:
        """Return the weight of each item of the history for each of ``items``."""
        return contributions_of_members(history, items, self._members, self._weights)

    def _score(
        self, numbers: IntArray, histories: csr_matrix, features: FeatureReader | None
    ) -> FloatArray:
        """Score members; NaN for all other items, and in rows without any member."""
        del numbers, features
        known = weighted(histories[:, self._members], "binary")
        found = known @ self._weights
        scores = np.full(histories.shape, np.nan, dtype=np.float32)
        scores[:, self._members] = found if isinstance(found, np.ndarray) else found.toarray()
        scores[np.diff(known.indptr) == 0] = np.nan
        return scores

    def _arrays(self) -> Mapping[str, NDArray[Any]]:
        if isinstance(self._weights, np.ndarray):
            return {"members": self._members, "weights": self._weights}
        parts = {name: getattr(self._weights, name) for name in ("data", "indices", "indptr")}
        return {"members": self._members, **parts}

    def _restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._members = arrays["members"]
        if "weights" in arrays:
            self._weights = arrays["weights"]
            return
        parts = (arrays["data"], arrays["indices"], arrays["indptr"])
        self._weights = csr_matrix(parts, shape=(len(self._members), len(self._members)))
