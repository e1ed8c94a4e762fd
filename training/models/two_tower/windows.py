"""What customers chose next: windows of equal size, each with what was known at its beginning."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray
from training.interactions import Interactions
from training.models.two_tower.goods import Sales, microseconds
from training.models.two_tower.people import Portraits, Scaling

if TYPE_CHECKING:
    from features.store.reader import FeatureReader


@dataclass(frozen=True, eq=False)
class Window:
    """What some customers chose between two moments, and what was known at the first.

    Parameters
    ----------
    customers : ndarray of int32, shape [n]
        Numbers of those who chose something.
    past, chosen : csr_matrix, shape [n, n_items]
        Binary: what they had before, and what they chose.
    portraits : Portraits
        Their profiles as of the beginning.
    sales : ndarray of float32, shape [n_items, 9]
        How items had sold until the beginning.
    alive : ndarray of int32
        Numbers of the items that somebody had before the end.
    """

    customers: IntArray
    past: csr_matrix
    chosen: csr_matrix
    portraits: Portraits
    sales: FloatArray
    alive: IntArray

    def take(self, rows: IntArray) -> Window:
        """Return the window of some of its customers."""
        return replace(
            self,
            customers=self.customers[rows],
            past=self.past[rows],
            chosen=self.chosen[rows],
            portraits=self.portraits.take(rows),
        )


def windows_of(
    interactions: Interactions,
    count: int,
    sales: Sales,
    scaling: Scaling,
    features: FeatureReader | None,
    *,
    repeats: bool,
) -> list[Window]:
    """Cut the rows by time into ``count`` + 1 equal parts; all but the first are windows.

    Without ``repeats``, what a customer had before is not among what they chose.
    """
    times, end = sales.times, microseconds(interactions.until)
    shares = np.arange(1, count + 1) / (count + 1)
    starts = np.unique(np.quantile(times, shares, method="higher"))
    starts = starts[starts > times.min()]
    ids = interactions.customers.ids.tolist()
    found = []
    for start, stop in zip(starts, np.append(starts[1:], end), strict=True):
        past = _binary(interactions, times < start)
        chosen = _binary(interactions, (times >= start) & (times < stop))
        if not repeats:
            chosen = chosen - chosen.multiply(past)
            chosen.eliminate_zeros()
        rows = np.flatnonzero(np.diff(chosen.indptr)).astype(np.int32)
        if not len(rows):
            continue
        portraits = scaling.read(ids, _moment(int(start)), features).take(rows)
        alive = np.unique(sales.items[times < stop])
        found.append(
            Window(rows, past[rows], chosen[rows], portraits, sales.until(int(start)), alive)
        )
    return found


def _binary(interactions: Interactions, chosen: NDArray[np.bool_]) -> csr_matrix:
    """Return the chosen rows as a binary matrix [n_customers, n_items]."""
    shape = (len(interactions.customers), len(interactions.items))
    pairs = (interactions.customer_numbers[chosen], interactions.item_numbers[chosen])
    found = csr_matrix((np.ones(chosen.sum(), dtype=np.float32), pairs), shape=shape)
    found.sum_duplicates()
    found.data[:] = 1
    return found


def _moment(time: int) -> datetime:
    moment: datetime = pd.Timestamp(time, unit="us", tz=UTC).to_pydatetime()
    return moment
