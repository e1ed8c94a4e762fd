"""What the profile says of every customer at a moment: scalars, vectors in item space, topics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from training.ids import FloatArray, IntArray
from training.models.ranking.items import matrix_of
from training.models.ranking.named import below, under

if TYPE_CHECKING:
    import pandas as pd

    from features.store.reader import FeatureReader

BEHAVIOR = (
    "recency_days",
    "tenure_days",
    "purchases_7d",
    "purchases_28d",
    "purchases_90d",
    "spend_28d",
    "sessions_28d",
    "mean_price",
    "price_level",
)
SENTIMENT = ("mood", "mood_trend", "texts")
VECTORS = (
    "behavior_vector",
    "sentiment_vector",
    "topic_vector",
    "profile_vector",
    "deep_vector",
)


@dataclass(frozen=True)
class CustomerState:
    """Customer-side profile as of one moment, a row a customer.

    Parameters
    ----------
    numbers : dict of str to ndarray float32 [n]
        Scalars of behavior and mood, NaN where unknown; empty without features.
    vectors : dict of str to ndarray float32 [n, d]
        h_B, h_C, h_T, P and the learned fusion, in the space of the item vectors.
    topics : ndarray float32 [n, topics]
    """

    numbers: Mapping[str, FloatArray]
    vectors: Mapping[str, FloatArray]
    topics: FloatArray

    @classmethod
    def of(
        cls, ids: Sequence[str], as_of: datetime | None, features: FeatureReader | None
    ) -> CustomerState:
        """Read the profiles of ``ids`` as of a moment; None reads the online store."""
        if features is None or not len(ids):
            return cls({}, {}, np.zeros((len(ids), 0), dtype=np.float32))
        frame = features.customers(list(ids), as_of=as_of)
        return cls.from_frame(frame)

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> CustomerState:
        """Take the columns used here out of a frame of the reader."""
        numbers = {
            name: frame[name].to_numpy(dtype=np.float32)
            for name in (*BEHAVIOR, *SENTIMENT)
            if name in frame
        }
        vectors = {name: matrix_of(frame.get(name), len(frame)) for name in VECTORS}
        topics = matrix_of(frame.get("topic_shares"), len(frame))
        return cls(numbers, {k: v for k, v in vectors.items() if v.shape[1]}, topics)

    def take(self, numbers: IntArray) -> CustomerState:
        """Return the rows ``numbers``; -1 gives a row of NaN."""

        def rows(values: FloatArray) -> FloatArray:
            if not len(values):
                return np.full((len(numbers), *values.shape[1:]), np.nan, dtype=np.float32)
            found = values[numbers]
            found[numbers < 0] = np.nan
            return found

        return CustomerState(
            {name: rows(values) for name, values in self.numbers.items()},
            {name: rows(values) for name, values in self.vectors.items()},
            rows(self.topics),
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the state as named arrays."""
        named: dict[str, NDArray[Any]] = {"topics": self.topics}
        for part in ("numbers", "vectors"):
            named |= under(f"{part}.", getattr(self, part))
        return named

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]]) -> CustomerState:
        """Take over what :meth:`arrays` returned."""
        return cls(below(arrays, "numbers."), below(arrays, "vectors."), arrays["topics"])
