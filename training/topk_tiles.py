"""The search inside :mod:`training.topk`: tiles of scores, folded, bounded and gleaned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray
from training.topk_sources import Found, Source

ROWS = 128  # rows a thread works on at a time
TILE = 1 << 20  # scores a tile: 4 MB, about the cache of a core
_NARROWEST, _WIDEST = 4096, 16384  # items a tile
_GROUP = 16  # items in a group that is looked at again
_COARSE = 16  # such groups behind one number of the bound
_MOST_FOUND = 1 << 21  # candidates kept before they are shortened (only ties get there)
_LARGEST = np.finfo(np.float32).max


@dataclass(frozen=True)
class Seen:
    """Excluded items of a chunk, by place in the source's order, so each tile finds its own."""

    rows: NDArray[np.int64]
    places: NDArray[np.int64]

    @classmethod
    def of(cls, excluded: csr_matrix | None, rows: slice, place_of: IntArray) -> Seen:
        """Look up the places of what is excluded for ``rows``; ``place_of`` every item, -1 none."""
        if excluded is None:
            return cls(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
        bounds = excluded.indptr[rows.start : rows.stop + 1]
        places = place_of[excluded.indices[bounds[0] : bounds[-1]]].astype(np.int64)
        by_place = np.argsort(places, kind="stable")
        row = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
        return cls(row[by_place], places[by_place])

    def exclude(self, tile: FloatArray, active: NDArray[np.int64], places: slice) -> None:
        """Set what is excluded of a tile to minus infinity; row i of it is row ``active[i]``."""
        start, stop = np.searchsorted(self.places, [places.start, places.stop])
        at = np.searchsorted(active, self.rows[start:stop])
        at = np.minimum(at, len(active) - 1)
        still = active[at] == self.rows[start:stop]
        tile[at[still], self.places[start:stop][still] - places.start] = -np.inf


def candidates(
    source: Source,
    rows: slice,
    k: int,
    seen: Seen,
    shorten: Callable[[Found, int, int], Found],
) -> Found:
    """Return few enough items of every row, its k best among them.

    ``shorten`` cuts what was found to the k best of every row, should ties make it too much.
    """
    n_rows, n_items = rows.stop - rows.start, len(source.order)
    width = _width(n_rows, n_items)
    bounds, margin = _Bounds(n_rows, k), source.margin(rows)
    active = np.arange(n_rows)
    room = np.empty((n_rows, width), dtype=np.float32)
    found, count = [Found(active[:0], source.order[:0], room[0, :0])], 0
    for start in range(0, n_items, width):
        reach = source.reach(active + rows.start, start)
        if reach is not None:
            active = active[reach >= bounds.lowest[active]]  # NaN reaches nothing
        if not len(active):
            break
        places = slice(start, min(start + width, n_items))
        tile = room[: len(active)]
        tile[:, places.stop - start :] = -np.inf
        source.fill(tile[:, : places.stop - start], active + rows.start, places)
        seen.exclude(tile, active, places)
        groups = tile.reshape(len(active), -1, _groups(width, k)).max(axis=1)
        bounds.add(groups, active)
        row, place, values = _passing(tile, groups, (bounds.lowest - margin)[active])
        found.append(Found(active[row], source.order[start:][place], values))
        count += len(row)
        if count > _MOST_FOUND:
            found = [shorten(_join(found), n_rows, k)]
            count = len(found[0].rows)
    every = _join(found)
    keep = every.values >= (bounds.lowest - margin)[every.rows]
    kept = Found(every.rows[keep], every.items[keep], every.values[keep])
    return source.settle(kept, rows.start)


class _Bounds:
    """A lower bound of the k-th best score of every row, from the maxima of groups of items."""

    def __init__(self, n_rows: int, k: int) -> None:
        self.k = k
        self.lowest = np.full(n_rows, -_LARGEST, dtype=np.float32)
        self.best = np.full((n_rows, k), -np.inf, dtype=np.float32)  # largest maxima so far

    def add(self, groups: FloatArray, active: NDArray[np.int64]) -> None:
        """Take the group maxima of a tile of the ``active`` rows into account."""
        coarse = _coarse(groups, self.k)
        both = np.concatenate([self.best[active], coarse], axis=1)
        place = both.shape[1] - self.k
        best = np.partition(both, place, axis=1)[:, place:]
        self.best[active] = best
        self.lowest[active] = np.maximum(best[:, 0], -_LARGEST)


def _width(n_rows: int, n_items: int) -> int:
    """Return the width of a tile, a power of two: as many items as fit, within limits."""
    width = _NARROWEST
    while width < _WIDEST and 2 * width * n_rows <= TILE:
        width *= 2
    while width // 2 >= max(n_items, 1):
        width //= 2
    return width


def _groups(width: int, k: int) -> int:
    """Return into how many groups a tile is folded; column c belongs to group c % groups."""
    groups = width
    while groups * _GROUP > width and groups >= 8 * k:
        groups //= 2
    return groups


def _coarse(groups: FloatArray, k: int) -> FloatArray:
    """Fold groups further where there are plenty: fewer numbers to partition, a looser bound."""
    number = groups.shape[1]
    fold = 1
    while fold < _COARSE and number // fold >= 8 * k:
        fold *= 2
    return groups if fold == 1 else groups.reshape(len(groups), fold, -1).max(axis=1)


def _passing(
    tile: FloatArray, groups: FloatArray, lowest: FloatArray
) -> tuple[NDArray[np.int64], NDArray[np.int64], FloatArray]:
    """Return row, column and score of all scores that reach the row's bound, rows ascending."""
    number = groups.shape[1]
    row, group = np.divmod(np.flatnonzero(groups >= lowest[:, None]), number)
    members = tile.reshape(len(tile), -1, number)[row, :, group]
    passed = np.flatnonzero(members >= lowest[row][:, None])
    pair, member = np.divmod(passed, members.shape[1])
    return row[pair], member * number + group[pair], members.reshape(-1)[passed]


def _join(found: list[Found]) -> Found:
    return Found(
        np.concatenate([part.rows for part in found]),
        np.concatenate([part.items for part in found]),
        np.concatenate([part.values for part in found]),
    )
