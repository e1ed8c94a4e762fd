"""Features as they would be of customers and items that nothing has happened to yet."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from features.profile.fusion import WeightedFusion
from features.store.reader import FeatureReader
from features.store.schema import CUSTOMER_BEHAVIOR

_LEARNED = ("behavior_vector", "deep_vector", "stage", "price_band", "interests")
_SOLD = (
    "price_quantile", "purchases_7d", "purchases_28d", "purchases", "customers_28d", "repeat_rate",
    "text_count", "sentiment", "topic_shares", "keywords",
)  # fmt: skip


class UnacquaintedReader(FeatureReader):
    """Read features without what follows from events of some customers and items.

    Of such a customer remains what they wrote: mood, topics, their vectors, and a profile fused
    anew of these two. Of such an item remain title, category, brand and price.

    Parameters
    ----------
    known : FeatureReader
        Where features are read.
    customers, items : collection of str
        Whose events are forgotten.
    fusion : WeightedFusion, optional
        How profiles are fused; default: with the default weights.
    """

    def __init__(
        self,
        known: FeatureReader,
        *,
        customers: Collection[str] = (),
        items: Collection[str] = (),
        fusion: WeightedFusion | None = None,
    ) -> None:
        self.known = known
        self.new_customers, self.new_items = frozenset(customers), frozenset(items)
        self.fusion = fusion or WeightedFusion()

    def customers(
        self, ids: Sequence[str], as_of: datetime | None = None, service: str = "ranker_v1"
    ) -> pd.DataFrame:
        """Return features of customers; arguments as in :class:`FeatureReader`."""
        found = self.known.customers(ids, as_of, service)
        new = found.index.isin(self.new_customers)
        if not new.any():
            return found
        found = _forgotten(found, new, (*CUSTOMER_BEHAVIOR.columns, *_LEARNED))
        if "profile_vector" in found:
            fused = [
                self._fused(row) if fresh else row["profile_vector"]
                for fresh, (_, row) in zip(new, found.iterrows(), strict=True)
            ]
            found["profile_vector"] = pd.Series(fused, index=found.index, dtype=object)
        return found

    def items(
        self, ids: Sequence[str], as_of: datetime | None = None, service: str = "ranker_items_v1"
    ) -> pd.DataFrame:
        """Return features of items; arguments as in :class:`FeatureReader`."""
        found = self.known.items(ids, as_of, service)
        new = found.index.isin(self.new_items)
        return _forgotten(found, new, _SOLD) if new.any() else found

    def _fused(self, row: pd.Series) -> np.ndarray | None:
        """Return the profile without behavior; None where nothing is left."""
        width = max((len(v) for v in row[["sentiment_vector", "topic_vector"]] if _is_vector(v)),
                    default=0)  # fmt: skip
        if not width:
            return None
        parts = [
            np.asarray(row[name], dtype=np.float32)[None]
            if _is_vector(row[name])
            else np.zeros((1, width), dtype=np.float32)
            for name in ("sentiment_vector", "topic_vector")
        ]
        fused: np.ndarray = self.fusion.fuse(np.zeros_like(parts[0]), *parts)[0]
        return fused


def _forgotten(frame: pd.DataFrame, rows: np.ndarray, columns: Sequence[str]) -> pd.DataFrame:
    """Return ``frame`` with ``columns`` missing in ``rows``."""
    found = frame.copy()
    for name in found.columns.intersection(list(columns)):
        numeric = pd.api.types.is_numeric_dtype(found[name])
        found[name] = found[name].mask(rows, np.nan if numeric else None)
    return found


def _is_vector(value: Any) -> bool:
    return value is not None and np.ndim(value) == 1
