"""The k best items of every row, exactly, with ties broken by item number.

A row of scores is cut into blocks of equal width. The k-th largest block maximum is a lower bound
of the k-th largest score, so only the few blocks that reach it are looked at again; what passes
the bound is sorted by one 64-bit key (score descending, item ascending). Rows are worked on in
small chunks by a thread a core, which NumPy and BLAS allow because they release the GIL.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray

CHUNK_BYTES = 16 << 20
_MAX_WIDTH = 256
_NOTHING = np.uint64(0xFFFFFFFFFFFFFFFF)


@dataclass(frozen=True)
class TopK:
    """Best items a row, best first.

    Parameters
    ----------
    items : ndarray of int32, shape [rows, k]
        Item numbers; -1 where a row has fewer than k items with a score.
    scores : ndarray of float32, shape [rows, k]
        Their scores; NaN where there is no item.
    """

    items: IntArray
    scores: FloatArray


def top_of_scores(scores: FloatArray, k: int, excluded: csr_matrix | None = None) -> TopK:
    """Take the k best of each row of ``scores`` (float32 [rows, items]; NaN is never taken).

    ``excluded`` (csr [rows, items]) marks items that are not taken. ``scores`` is not changed.
    """

    def fill(buffer: FloatArray, rows: slice) -> None:
        np.copyto(buffer, scores[rows])
        np.copyto(buffer, -np.inf, where=np.isnan(buffer))

    return _top(fill, scores.shape[0], scores.shape[1], k, excluded)


def top_of_factors(
    customers: FloatArray, items: FloatArray, k: int, excluded: csr_matrix | None = None
) -> TopK:
    """Take the k best of each row of ``customers @ items.T`` without keeping the product.

    Parameters
    ----------
    customers : ndarray of float32, shape [rows, factors]
        A row with NaN gets no items.
    items : ndarray of float32, shape [items, factors]
        A row with NaN is never taken.
    k : int
        How many items a row.
    excluded : csr_matrix, shape [rows, items], optional
        Items that are not taken.
    """
    mute_rows: NDArray[np.bool_] = np.asarray(np.isnan(customers).any(axis=1))
    mute_items: NDArray[np.bool_] = np.asarray(np.isnan(items).any(axis=1))
    left = np.ascontiguousarray(np.where(mute_rows[:, None], 0, customers), dtype=np.float32)
    right = np.where(mute_items[:, None], 0, items) if mute_items.any() else items
    right = np.ascontiguousarray(right, dtype=np.float32).T
    silent = np.flatnonzero(mute_items)

    def fill(buffer: FloatArray, rows: slice) -> None:
        np.matmul(left[rows], right, out=buffer)
        buffer[mute_rows[rows]] = -np.inf
        if silent.size:
            buffer[:, silent] = -np.inf

    return _top(fill, left.shape[0], right.shape[1], k, excluded)


def _top(
    fill: Callable[[FloatArray, slice], None],
    n_rows: int,
    n_items: int,
    k: int,
    excluded: csr_matrix | None,
) -> TopK:
    """Run ``fill`` and the selection chunk by chunk, a chunk at a time on every core."""
    found = TopK(
        np.full((n_rows, k), -1, dtype=np.int32), np.full((n_rows, k), np.nan, dtype=np.float32)
    )
    taken = min(k, n_items)
    if n_rows == 0 or taken == 0:
        return found
    width = _width(n_items, taken)
    padded = -(-n_items // width) * width
    step = max(1, min(n_rows, CHUNK_BYTES // (4 * padded)))

    def work(start: int) -> None:
        rows = slice(start, min(start + step, n_rows))
        scores = np.empty((rows.stop - start, padded), dtype=np.float32)
        scores[:, n_items:] = -np.inf
        fill(scores[:, :n_items], rows)
        if excluded is not None:
            _exclude(scores, excluded, rows)
        found.items[rows, :taken], found.scores[rows, :taken] = _select(scores, taken, width)

    starts = range(0, n_rows, step)
    if len(starts) == 1:
        work(0)
        return found
    from threadpoolctl import threadpool_limits  # noqa: PLC0415  (single requests do without)

    workers = min(len(starts), len(os.sched_getaffinity(0)))
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, starts))
    return found


def _width(n_items: int, k: int) -> int:
    """Width of a block: a power of two that leaves at least 4 k blocks."""
    width = _MAX_WIDTH
    while width > 1 and n_items < 4 * k * width:
        width //= 2
    return width


def _exclude(scores: FloatArray, excluded: csr_matrix, rows: slice) -> None:
    """Set the excluded items of ``rows`` to minus infinity, in place."""
    bounds = excluded.indptr[rows.start : rows.stop + 1]
    columns = excluded.indices[bounds[0] : bounds[-1]]
    scores[np.repeat(np.arange(len(bounds) - 1), np.diff(bounds)), columns] = -np.inf


def _select(scores: FloatArray, k: int, width: int) -> tuple[IntArray, FloatArray]:
    """Take the k best of each row of ``scores`` [rows, blocks * width], no NaN inside."""
    blocks = scores.reshape(len(scores), -1, width)
    maxima = blocks.max(axis=2)
    bound = np.partition(maxima, maxima.shape[1] - k, axis=1)[:, maxima.shape[1] - k]
    above = maxima > bound[:, None]
    equal = (maxima == bound[:, None]) & (bound > -np.inf)[:, None]
    if np.count_nonzero(equal) > 2 * len(scores):  # many ties: the first k blocks are enough
        equal &= np.cumsum(equal, axis=1, dtype=np.int32) <= k
    row, block = np.nonzero(above | equal)
    values = blocks[row, block]
    passed = (values >= bound[row][:, None]) & (values > -np.inf)
    place = np.flatnonzero(passed)
    pair = place // width
    items = block[pair] * width + place % width
    return _sort(row[pair], items, values.reshape(-1)[place], len(scores), k)


def _sort(
    row: NDArray[np.int64], items: NDArray[np.int64], values: FloatArray, n_rows: int, k: int
) -> tuple[IntArray, FloatArray]:
    """Order the candidates of every row by score descending, item ascending, and keep k."""
    counts = np.bincount(row, minlength=n_rows)
    slot = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    keys = np.full((n_rows, max(k, int(counts.max(initial=0)))), _NOTHING)
    bits = (values + np.float32(0)).view(np.uint32)  # adding 0 turns -0.0 into 0.0: they are a tie
    ascending = np.where(bits >> 31 == 1, ~bits, bits | np.uint32(1 << 31))
    keys[row, slot] = (~ascending).astype(np.uint64) << np.uint64(32) | items.astype(np.uint64)
    keys.sort(axis=1)
    best = keys[:, :k]
    bits = ~(best >> np.uint64(32)).astype(np.uint32)
    scores = np.where(bits >> 31 == 1, bits & np.uint32(0x7FFFFFFF), ~bits).view(np.float32)
    empty = best == _NOTHING
    numbers = (best & np.uint64(0xFFFFFFFF)).astype(np.uint32).view(np.int32)
    return np.where(empty, -1, numbers), np.where(empty, np.float32(np.nan), scores)
