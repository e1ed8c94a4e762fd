"""What the item tower reads: tags, text vectors and topics, and how an item sold until a moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags, hstack

from training.ids import FloatArray, IntArray
from training.interactions import Interactions
from training.models.ranking.items import matrix_of
from training.models.side_information import item_columns

if TYPE_CHECKING:
    from features.store.reader import FeatureReader

_DAYS = (7, 28, 90, 365)
_DAY = 86_400_000_000  # microseconds


@dataclass(frozen=True, eq=False)
class Content:
    """What is known of items beside their sales.

    Parameters
    ----------
    tags : csr_matrix, shape [n_items, tags]
        Levels of the category path and brand; rows have unit length. The last column is empty.
    columns : ndarray of float32, shape [n_items, width]
        Vector and topic shares, standardized, 0 where unknown, and whether there is a vector.
    """

    tags: csr_matrix
    columns: FloatArray

    @classmethod
    def of(cls, interactions: Interactions, features: FeatureReader | None) -> Content:
        """Read the items of ``interactions`` as of its end; without features nothing is known."""
        n_items = len(interactions.items)
        nothing = csr_matrix((n_items, 1), dtype=np.float32)
        if features is None:
            return cls(nothing, np.zeros((n_items, 1), dtype=np.float32))
        ids = interactions.items.ids.tolist()
        tags, vectors = item_columns(ids, interactions.until, features)
        frame = features.items(ids, as_of=interactions.until)
        topics = standardized(matrix_of(frame.get("topic_shares"), n_items))
        vectors = vectors * np.float32(np.sqrt(n_items))  # columns of unit length before
        return cls(
            _unit_rows(hstack([tags, nothing], format="csr")),
            np.hstack([vectors, topics, vectors.any(axis=1, keepdims=True)]).astype(np.float32),
        )

    @property
    def known(self) -> NDArray[np.bool_]:
        """Of which items anything is known, [n_items]."""
        return np.asarray((np.diff(self.tags.indptr) > 0) | self.columns.any(axis=1))


class Sales:
    """How items sold until any moment, from interactions alone.

    Parameters
    ----------
    interactions : Interactions

    Attributes
    ----------
    times : ndarray of int64 [rows]
        When each row had happened and was known, in microseconds.
    """

    def __init__(self, interactions: Interactions) -> None:
        frame = interactions.frame
        both = [frame[name].astype("int64").to_numpy() for name in ("occurred_at", "available_at")]
        self.times = np.maximum(*both)
        self.items = interactions.item_numbers
        self.n_items = len(interactions.items)
        keys = interactions.customer_numbers.astype(np.int64) * self.n_items + self.items
        order = np.lexsort((self.times, keys))
        first = order[np.append(True, np.diff(keys[order]) != 0)]
        self.first_times, self.first_items = self.times[first], self.items[first]

    def until(self, moment: int) -> FloatArray:
        """Return columns float32 [n_items, 9] of what had happened before a moment.

        Events, and customers who came to the item for the first time, in the last 7, 28, 90 and
        365 days, and customers ever; each as log((1 + count) / (1 + mean count of items sold)), so
        that a growing business changes nothing.
        """
        counts = [self._count(self.first_times, self.first_items, 0, moment)]
        for days in _DAYS:
            since = moment - days * _DAY
            counts.append(self._count(self.times, self.items, since, moment))
            counts.append(self._count(self.first_times, self.first_items, since, moment))
        table = np.stack(counts, axis=1)
        mean = table.sum(axis=0) / max(1, int((counts[0] > 0).sum()))
        found: FloatArray = (np.log1p(table) - np.log1p(mean)).astype(np.float32)
        return found

    def _count(
        self, times: NDArray[np.int64], items: IntArray, since: int, moment: int
    ) -> NDArray[np.int64]:
        inside = (times >= since) & (times < moment)
        return np.bincount(items[inside], minlength=self.n_items)


def microseconds(moment: datetime) -> int:
    """Return a moment as microseconds since 1970, as times of interactions are kept."""
    return int(np.datetime64(moment.replace(tzinfo=None), "us").astype(np.int64))


def standardized(values: FloatArray) -> FloatArray:
    """Return columns of mean 0 and deviation 1, 0 where unknown; constant ones become 0."""
    if not len(values):
        return values
    known = ~np.isnan(values)
    count = np.maximum(known.sum(axis=0), 1)
    centered = np.where(known, values - np.where(known, values, 0).sum(axis=0) / count, 0)
    spread = np.sqrt((centered**2).sum(axis=0) / count)
    found: FloatArray = (centered / np.where(spread > 1e-6, spread, np.inf)).astype(np.float32)  # noqa: PLR2004
    return found


def _unit_rows(tags: csr_matrix) -> csr_matrix:
    counts = np.maximum(np.diff(tags.indptr), 1)
    ones = csr_matrix((np.ones_like(tags.data), tags.indices, tags.indptr), shape=tags.shape)
    return (diags(1 / np.sqrt(counts), dtype=np.float32) @ ones).tocsr().astype(np.float32)
