"""What is known of every item at a moment: sales, kind, price, what is said of it, its vector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.ids import FloatArray, IdMap, IntArray
from training.interactions import Interactions
from training.models.ranking.named import below, under
from training.models.ranking.past import Past, days_before

if TYPE_CHECKING:
    from features.store.reader import FeatureReader

LEVELS = ("department", "category", "leaf", "brand")
FACTS = ("price_quantile", "repeat_rate", "text_count", "sentiment")
_WINDOWS = (7, 28, 90)
_NEVER = np.float32(400)


@dataclass(frozen=True)
class ItemState:
    """Item-side state as of one moment.

    Parameters
    ----------
    sales : dict of str to ndarray float32 [n_items]
        Popularity from interactions alone.
    levels : dict of str to ndarray int32 [n_items]
        Number of the item's department, category, leaf category and brand; 0 is unknown. Empty
        where no features are given.
    facts : dict of str to ndarray float32 [n_items]
        Facts of the item from the feature store, NaN where unknown; ``price`` among them.
    vectors : ndarray float32 [n_items, d], NaN rows where unknown; d is 0 without features
    topics : ndarray float32 [n_items, topics]
    """

    sales: Mapping[str, FloatArray]
    levels: Mapping[str, IntArray]
    facts: Mapping[str, FloatArray]
    vectors: FloatArray
    topics: FloatArray

    @classmethod
    def of(
        cls, interactions: Interactions, past: Past, features: FeatureReader | None
    ) -> ItemState:
        """Compute the state as of ``interactions.until``."""
        sales = _sales(interactions, past)
        if features is None:
            empty = np.zeros((len(interactions.items), 0), dtype=np.float32)
            return cls(sales, {}, {}, empty, empty)
        frame = _read(features, interactions.items, interactions.until)
        facts = {
            name: frame[name].to_numpy(dtype=np.float32)
            for name in (*FACTS, "price")
            if name in frame
        }
        vectors = matrix_of(frame.get("item_vector"), len(frame))
        topics = matrix_of(frame.get("topic_shares"), len(frame))
        return cls(sales, levels_of(frame), facts, vectors, topics)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the state as named arrays."""
        named: dict[str, NDArray[Any]] = {"vectors": self.vectors, "topics": self.topics}
        for part in ("sales", "levels", "facts"):
            named |= under(f"{part}.", getattr(self, part))
        return named

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]]) -> ItemState:
        """Take over what :meth:`arrays` returned."""
        return cls(
            sales=below(arrays, "sales."),
            levels=below(arrays, "levels."),
            facts=below(arrays, "facts."),
            vectors=arrays["vectors"],
            topics=arrays["topics"],
        )


def matrix_of(column: pd.Series[Any] | None, rows: int) -> FloatArray:
    """Stack a column of equally long lists: float32 [rows, d]; a missing list is a row of NaN."""
    values = [] if column is None else [v for v in column if v is not None and np.ndim(v) == 1]
    width = max((len(v) for v in values), default=0)
    stacked = np.full((rows, width), np.nan, dtype=np.float32)
    if column is not None and width:
        for row, value in enumerate(column):
            if value is not None and np.ndim(value) == 1 and len(value) == width:
                stacked[row] = value
    return stacked


def _read(features: FeatureReader, items: IdMap, as_of: datetime) -> pd.DataFrame:
    """Read item facts as of a moment."""
    return features.items(items.ids.tolist(), as_of=as_of)


def _sales(interactions: Interactions, past: Past) -> dict[str, FloatArray]:
    """Count customers, and customers who had the item for the first time, in recent windows."""
    n_items = len(interactions.items)
    last, first, items = past.last, past.first, past.items

    def customers(chosen: NDArray[np.bool_]) -> FloatArray:
        return np.bincount(items[chosen], minlength=n_items).astype(np.float32)

    found = {f"customers_{d}d": customers(last <= d) for d in _WINDOWS}
    found["customers"] = customers(np.ones(len(items), dtype=bool))
    found |= {f"new_customers_{d}d": customers(first <= d) for d in _WINDOWS}
    events = np.bincount(interactions.item_numbers, minlength=n_items).astype(np.float32)
    found["trend_28_90"] = _ratio(found["customers_28d"], found["customers_90d"])
    found["trend_7_28"] = _ratio(found["customers_7d"], found["customers_28d"])
    found["new_share"] = _ratio(found["new_customers_28d"], found["customers_28d"])
    found["events_per_customer"] = _ratio(events, found["customers"])
    days = days_before(interactions)
    lately = np.full(n_items, _NEVER)
    since = np.zeros(n_items, dtype=np.float32)
    np.minimum.at(lately, interactions.item_numbers, days)
    np.maximum.at(since, interactions.item_numbers, days)
    return found | {"days_since_last": lately, "days_since_first": since}


def _ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    """Divide by at least 1."""
    found: FloatArray = part / whole.clip(min=1)
    return found


def levels_of(frame: pd.DataFrame) -> dict[str, IntArray]:
    """Give numbers to the first, first two and all levels of the category path, and to brands.

    0 is unknown; a level of which nothing is known is left out.
    """
    path = frame["category"].astype(object)
    parts = path.where(path.notna(), "").astype(str).str.split(" > ")
    names = {
        "department": parts.str[:1].str.join(" > "),
        "category": parts.str[:2].str.join(" > "),
        "leaf": parts.str.join(" > "),
        "brand": frame["brand"].astype(object).where(frame["brand"].notna(), "").astype(str),
    }
    levels = {}
    for name, values in names.items():
        known = np.unique(values[values != ""])
        levels[name] = np.where(
            values.to_numpy() == "", 0, np.searchsorted(known, values.to_numpy(dtype=str)) + 1
        ).astype(np.int32)
    return {name: codes for name, codes in levels.items() if codes.any()}
