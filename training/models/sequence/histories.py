"""What each customer had, in order: rows of item numbers of different length, in one array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray
from training.interactions import Interactions
from training.models.blocks import changed_rows, rows_or_empty

LongArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Histories:
    """Item numbers by customer, oldest first.

    Parameters
    ----------
    items : ndarray of int32, shape [events]
        All rows, one after the other.
    starts : ndarray of int64, shape [n + 1]
        Where each row starts, and the end of the last.
    marks : ndarray of int32, shape [events, channels], optional
        What else is known of each event, in numbers; 0 is unknown.
    """

    items: IntArray
    starts: LongArray
    marks: IntArray | None = None

    @classmethod
    def of(cls, interactions: Interactions, marks: IntArray | None = None) -> Histories:
        """Return the events of each customer in order of time."""
        counts = np.bincount(interactions.customer_numbers, minlength=len(interactions.customers))
        starts = np.concatenate([[0], np.cumsum(counts)])
        return cls(interactions.item_numbers, starts, marks)

    @classmethod
    def joined(cls, rows: Sequence[IntArray]) -> Histories:
        """Put rows together."""
        starts = np.concatenate([[0], np.cumsum([len(row) for row in rows], dtype=np.int64)])
        nothing = np.zeros(0, dtype=np.int32)
        return cls(np.concatenate([nothing, *rows]), starts.astype(np.int64))

    def __len__(self) -> int:
        return len(self.starts) - 1

    @cached_property
    def lengths(self) -> LongArray:
        """Number of events a row, int64 [n]."""
        return np.diff(self.starts)

    def row(self, number: int) -> IntArray:
        """Return one row."""
        return self.items[self.starts[number] : self.starts[number + 1]]

    def places(self, number: int) -> LongArray:
        """Return where in ``items`` one row is; nowhere where ``number`` is -1."""
        first, end = (self.starts[number], self.starts[number + 1]) if number >= 0 else (0, 0)
        return np.arange(first, end, dtype=np.int64)

    def pieces(self, first: LongArray, lengths: LongArray) -> Histories:
        """Return as rows the ``lengths`` items from place ``first`` of ``items`` on."""
        starts = np.concatenate([[0], np.cumsum(lengths)])
        places = np.arange(starts[-1]) + np.repeat(first - starts[:-1], lengths)
        marks = None if self.marks is None else self.marks[places]
        return Histories(self.items[places], starts, marks)

    def continued(self, kept: Sequence[LongArray], fresh: Sequence[IntArray]) -> Histories:
        """Return rows of the items at places ``kept``, followed by ``fresh``: unmarked ones."""
        pairs = list(zip(kept, fresh, strict=True))
        rows = [np.append(self.items[old], new).astype(np.int32) for old, new in pairs]
        if self.marks is None:
            return Histories.joined(rows)
        marks = [np.pad(self.marks[old], ((0, len(new)), (0, 0))) for old, new in pairs]
        return replace(Histories.joined(rows), marks=np.concatenate([self.marks[:0], *marks]))

    def take(self, rows: IntArray | LongArray) -> Histories:
        """Return the rows at ``rows``."""
        return self.pieces(self.starts[rows], self.lengths[rows])

    def last(self, count: int) -> Histories:
        """Return the newest ``count`` items of each row at most."""
        lengths = np.minimum(self.lengths, count)
        return self.pieces(self.starts[1:] - lengths, lengths)

    def without_last(self) -> Histories:
        """Return each row without its newest item."""
        return self.pieces(self.starts[:-1], np.maximum(self.lengths - 1, 0))

    def padded(self, filler: int) -> LongArray:
        """Return the rows left-aligned, int64 [n, longest], the rest of each being ``filler``."""
        longest = int(self.lengths.max(initial=1))
        table = np.full((len(self), longest), filler, dtype=np.int64)
        table[np.arange(longest) < self.lengths[:, None]] = self.items
        return table

    def padded_marks(self) -> LongArray | None:
        """Return marks as :meth:`padded`, int64 [n, longest, channels], the rest unknown."""
        if self.marks is None:
            return None
        longest = int(self.lengths.max(initial=1))
        table = np.zeros((len(self), longest, self.marks.shape[1]), dtype=np.int64)
        table[np.arange(longest) < self.lengths[:, None]] = self.marks
        return table


def usual_places(histories: Histories, n_items: int) -> FloatArray:
    """Return where in a history each item usually is, float32 [n_items]: 0 first, 1 last.

    An item nobody had is in the middle.
    """
    lengths = histories.lengths
    place = np.arange(len(histories.items)) - np.repeat(histories.starts[:-1], lengths)
    share = place / np.repeat(np.maximum(lengths - 1, 1), lengths)
    count = np.bincount(histories.items, minlength=n_items)
    total = np.bincount(histories.items, weights=share, minlength=n_items)
    found: FloatArray = np.full(n_items, 0.5, dtype=np.float32)
    np.divide(total, count, out=found, where=count > 0, casting="same_kind")
    return found


def in_order(
    numbers: IntArray,
    counts: csr_matrix,
    *,
    known: Histories,
    trained: csr_matrix,
    places: FloatArray,
) -> Histories:
    """Return an order for histories that are given as counts, which have none.

    A customer whose counts are those of ``trained`` has the order of ``known``. Where counts
    differ, what is gone leaves that order and what is new follows it; new items are among
    themselves in the order of their usual places, which is all the order a new customer has, and
    no more is known of their events.

    Parameters
    ----------
    numbers : ndarray of int32, shape [n]
        Customer numbers, -1 for unknown.
    counts : csr_matrix, shape [n, n_items]
        What they had.
    known : Histories
        Newest items of each customer when the model was fitted.
    trained : csr_matrix, shape [n_customers, n_items]
        Their counts then.
    places : ndarray of float32, shape [n_items]
        As of :func:`usual_places`.
    """
    changed = changed_rows(trained, numbers, counts)
    if not len(changed) and (numbers >= 0).all():
        return known.take(numbers)
    kept = [known.places(number) for number in numbers.tolist()]
    fresh = [np.zeros(0, dtype=np.int32)] * len(kept)
    added = (counts[changed] - rows_or_empty(trained, numbers[changed])).tocsr()
    for place, row in enumerate(changed.tolist()):
        now = counts[row].indices[counts[row].data > 0]
        difference = added[place]
        new = difference.indices[difference.data > 0]
        kept[row] = kept[row][np.isin(known.items[kept[row]], now)]
        fresh[row] = new[np.lexsort((new, places[new]))]
    return known.continued(kept, fresh)
