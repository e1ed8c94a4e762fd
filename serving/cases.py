"""Gather, for each customer, what the reasons are made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from serving.grounds import Case, Told, told_of
from serving.profiles import LazyFeatures
from training.ids import FloatArray
from training.topk import TopK

_IN_WORDS = {"sentiment", "topic", "profile"}
_PROFILE = "profile_v1"

Orders = list[list[str]]


class Cases:
    """Makes one :class:`~serving.grounds.Case` a customer.

    Parameters
    ----------
    features : LazyFeatures, optional
        Profiles that may be put in words; used once they are open.
    """

    def __init__(self, features: LazyFeatures | None) -> None:
        self._features = features

    def of(
        self,
        customers: Sequence[str],
        best: TopK,
        fallback: npt.NDArray[np.bool_],
        rows: csr_matrix,
    ) -> Iterator[Case]:
        """Yield a case a customer.

        Parameters
        ----------
        customers : sequence of str
            Customer ids.
        best : TopK
            What is recommended, with what each group of features gave to the scores if the model
            says so.
        fallback : ndarray of bool [n, k]
            Whether the fallback recommended it.
        rows : csr_matrix [n, n_items]
            Histories.
        """
        items = best.items
        orders = _orders(best.parts) if best.parts else None
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


def _orders(parts: Mapping[str, FloatArray]) -> list[Orders]:
    """Return, by customer and place, the groups that spoke for the item, strongest first."""
    groups = np.array(list(parts), dtype=object)
    values = np.nan_to_num(np.stack(list(parts.values()), axis=-1))
    order = groups[np.argsort(-values, axis=-1, kind="stable")]
    positive = (values > 0).sum(axis=-1)
    return [
        [names[:length].tolist() for names, length in zip(*customer, strict=True)]
        for customer in zip(order, positive, strict=True)
    ]
