"""Where :mod:`training.topk` gets scores from: a table of them, or the products that make them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from training.ids import FloatArray, IntArray

_FEW = 16  # rows


class Found(NamedTuple):
    """Candidates: row in the chunk, item number and score, each [n]."""

    rows: NDArray[np.int64]
    items: NDArray[np.int32]
    values: FloatArray


@dataclass(frozen=True, eq=False)
class ItemFactors:
    """Item vectors made ready for many searches; build with :meth:`of`.

    Parameters
    ----------
    given : ndarray of float32, shape [items, factors]
        The vectors as they were given.
    order : ndarray of int32, shape [scored]
        Numbers of the items without NaN, longest vector first.
    vectors : ndarray of float32, shape [scored, factors]
        The vectors in that order.
    lengths : ndarray of float32, shape [scored]
        Their lengths, descending.
    places : ndarray of int32, shape [items]
        Place of each item in that order, -1 for an item with NaN.
    """

    given: FloatArray
    order: IntArray
    vectors: FloatArray
    lengths: FloatArray
    places: IntArray

    @classmethod
    def of(cls, items: FloatArray) -> ItemFactors:
        """Order ``items`` by length; a row with NaN is never taken."""
        lengths = np.sqrt(np.einsum("ij,ij->i", items, items))
        order = np.argsort(-lengths, kind="stable").astype(np.int32)  # NaN goes last
        order = order[: len(order) - int(np.isnan(lengths).sum())]
        vectors = np.ascontiguousarray(items[order], dtype=np.float32)
        places = np.full(len(items), -1, dtype=np.int32)
        places[order] = np.arange(len(order), dtype=np.int32)
        return cls(items, order, vectors, lengths[order].astype(np.float32), places)


class Source(Protocol):
    """Where scores come from, in an order of items of its own."""

    order: IntArray
    places: IntArray  # of every item in the order, -1 where it has no score

    def fill(self, tile: FloatArray, rows: NDArray[np.int64], places: slice) -> None:
        """Write the scores of ``rows`` and the items at ``places`` of the order; no NaN."""
        ...

    def reach(self, rows: NDArray[np.int64], place: int) -> FloatArray | None:
        """Return what no score from ``place`` on exceeds, a row; NaN: the row has no scores."""
        ...

    def margin(self, rows: slice) -> FloatArray:
        """Return how far scores in a tile may be from the settled ones, a row."""
        ...

    def settle(self, found: Found, first_row: int) -> Found:
        """Return ``found`` with scores that depend on row and item only, not on the batch."""
        ...


class Table:
    """Scores that exist: float32 [rows, items], NaN for none."""

    def __init__(self, scores: FloatArray) -> None:
        self.scores = scores
        self.order = self.places = np.arange(scores.shape[1], dtype=np.int32)

    def fill(self, tile: FloatArray, rows: NDArray[np.int64], places: slice) -> None:
        """Copy; NaN becomes minus infinity."""
        np.copyto(tile, self.scores[rows[0] : rows[-1] + 1, places])
        np.copyto(tile, -np.inf, where=np.isnan(tile))

    def reach(self, rows: NDArray[np.int64], place: int) -> FloatArray | None:
        """Nothing is known of what comes."""
        del rows, place
        return None

    def margin(self, rows: slice) -> FloatArray:
        """Scores are what they are."""
        return np.zeros(rows.stop - rows.start, dtype=np.float32)

    def settle(self, found: Found, first_row: int) -> Found:
        """Scores are what they are."""
        del first_row
        return found


class Dots:
    """Scores to be made: dot products with item vectors, longest first."""

    def __init__(self, customers: FloatArray, items: ItemFactors) -> None:
        self.customers = customers
        self.items = items
        self.order, self.places = items.order, items.places
        self.own = np.sqrt(np.einsum("ij,ij->i", customers, customers))
        self.error = np.float32(1e-6 * (8 + customers.shape[1]))  # more than a dot product's own

    def fill(self, tile: FloatArray, rows: NDArray[np.int64], places: slice) -> None:
        """Multiply; for a few rows with the items on the left, which BLAS does in half the time."""
        left, right = self.customers[rows], self.items.vectors[places]
        if 1 < len(rows) <= _FEW:
            np.copyto(tile, (right @ left.T).T)
        else:
            np.matmul(left, right.T, out=tile)

    def reach(self, rows: NDArray[np.int64], place: int) -> FloatArray | None:
        """Return the product of the lengths."""
        return np.asarray(self.own[rows] * self.items.lengths[place] * (1 + self.error))

    def margin(self, rows: slice) -> FloatArray:
        """Return twice the rounding of a product of the lengths."""
        longest = self.items.lengths[0] if len(self.order) else np.float32(0)
        return np.asarray(np.nan_to_num(2 * self.error * self.own[rows] * longest))

    def settle(self, found: Found, first_row: int) -> Found:
        """Multiply again, pair by pair: BLAS rounds differently for one row and for many."""
        left = self.customers[found.rows + first_row]
        return found._replace(values=(left * self.items.given[found.items]).sum(axis=1))
