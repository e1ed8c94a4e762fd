"""Gather, for each customer, what the reasons are made from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_matrix

from serving.grounds import Case, Told, told_of
from serving.profiles import LazyFeatures
from training.ids import IntArray
from training.models.base import Recommender
from training.models.fallback import WithFallback

_IN_WORDS = {"sentiment", "topic", "profile"}
_PROFILE = "profile_v1"

Orders = list[list[str]]


@runtime_checkable
class Explains(Protocol):
    """A model that splits its scores by groups of features."""

    def explain(
        self,
        recommendations: pd.DataFrame,
        *,
        histories: csr_matrix | None = None,
    ) -> pd.DataFrame:
        """Return a column a group; above 0 speaks for the item."""
        ...


class Cases:
    """Makes one :class:`~serving.grounds.Case` a customer.

    Parameters
    ----------
    model : Recommender
        The served model; asked to explain itself if it can.
    features : LazyFeatures, optional
        Profiles that may be put in words; used once they are open.
    """

    def __init__(self, model: Recommender, features: LazyFeatures | None) -> None:
        self._items = model.items
        self._features = features
        inner = model.primary if isinstance(model, WithFallback) else model
        self._explainer = inner if isinstance(inner, Explains) else None

    def of(
        self,
        customers: Sequence[str],
        items: IntArray,
        fallback: npt.NDArray[np.bool_],
        rows: csr_matrix,
    ) -> Iterator[Case]:
        """Yield a case a customer.

        Parameters
        ----------
        customers : sequence of str
            Customer ids.
        items : ndarray of int32 [n, k]
            Recommended item numbers, -1 at the end of short lists.
        fallback : ndarray of bool [n, k]
            Whether the fallback recommended it.
        rows : csr_matrix [n, n_items]
            Histories.
        """
        orders = self._orders(customers, items, fallback, rows)
        told = self._told(self._in_words(customers, fallback, rows, orders))
        bounds = rows.indptr.tolist()
        for n, length in enumerate((items >= 0).sum(axis=1).tolist()):
            history = slice(bounds[n], bounds[n + 1])
            yield Case(
                items=items[n, :length],
                fallback=fallback[n, :length],
                had=rows.indices[history],
                counts=rows.data[history],
                orders=orders[n] if orders else None,
                told=told.get(customers[n], Told()),
            )

    def _orders(
        self,
        customers: Sequence[str],
        items: IntArray,
        fallback: npt.NDArray[np.bool_],
        rows: csr_matrix,
    ) -> list[Orders] | None:
        """Return, by customer and item, the groups that spoke for the item, strongest first."""
        row, place = np.nonzero((items >= 0) & ~fallback)
        if self._explainer is None or not len(row):
            return None
        asked = np.unique(row)
        names = np.array(customers, dtype=object)
        pairs = pd.DataFrame(
            {"customer_id": names[row], "item_id": self._items.ids[items[row, place]]}
        )
        split = self._explainer.explain(pairs, histories=rows[asked])
        groups = np.array(split.columns, dtype=object)
        values = np.nan_to_num(split.to_numpy(dtype=np.float32))
        order = np.argsort(-values, axis=1, kind="stable")
        positive = (values > 0).sum(axis=1)
        found: list[Orders] = [[[] for _ in range(items.shape[1])] for _ in customers]
        for n in range(len(row)):
            found[row[n]][place[n]] = groups[order[n, : positive[n]]].tolist()
        return found

    def _in_words(
        self,
        customers: Sequence[str],
        fallback: npt.NDArray[np.bool_],
        rows: csr_matrix,
        orders: list[Orders] | None,
    ) -> list[str]:
        """Return the customers for whom a reason may need the profile in words.

        Those whose profile leads what the model says of itself, and those without a history whom
        the model answered all the same.
        """
        alone = (np.diff(rows.indptr) == 0) & ~fallback.all(axis=1)
        led = [
            orders is not None and any(_IN_WORDS.intersection(one[:1]) for one in orders[n])
            for n in range(len(customers))
        ]
        return [name for n, name in enumerate(customers) if alone[n] or led[n]]

    def _told(self, customers: list[str]) -> dict[str, Told]:
        """Read the profiles in words; without an open feature store there are none."""
        reader = None if self._features is None else self._features.opened
        if reader is None or not customers:
            return {}
        frame = reader.customers(customers, service=_PROFILE)
        profiles = frame[[c for c in ("keywords", "interests", "simulated_share") if c in frame]]
        told = [told_of(profile) for profile in profiles.to_dict("records")]
        return dict(zip(customers, told, strict=True))
