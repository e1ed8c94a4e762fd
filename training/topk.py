"""The k best items of every row, exactly, with ties broken by item number.

Scores are made and read in tiles that fit the cache: some rows by some thousand items. Each tile
is folded by elementwise maximum, so that one number stands for a group of items. The k-th largest
group maximum bounds the k-th largest score from below, hence only the few groups that reach it are
looked at again. Scores that are dot products are made longest item vector first: once the length
of the two vectors cannot reach a row's bound any more, the row is done, whatever items are left
(Cauchy-Schwarz). At the end what passed is sorted by one 64-bit key, score descending and item
ascending. Rows are divided among a thread a core: NumPy and BLAS release the GIL.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray
from training.topk_sources import Dots, Found, ItemFactors, Source, Table
from training.topk_tiles import ROWS, Seen, candidates

__all__ = ["ItemFactors", "TopK", "top_of_factors", "top_of_scores"]

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
    parts : dict of str to ndarray of float32, shape [rows, k], optional
        What each group of features gave to the score, NaN where there is no item: above 0 speaks
        for the item. Only from models that can tell.
    """

    items: IntArray
    scores: FloatArray
    parts: Mapping[str, FloatArray] | None = None


def top_of_scores(scores: FloatArray, k: int, excluded: csr_matrix | None = None) -> TopK:
    """Take the k best of each row of ``scores`` (float32 [rows, items]; NaN is never taken).

    ``excluded`` (csr [rows, items]) marks items that are not taken. ``scores`` is not changed.
    """
    return _top(Table(scores), len(scores), scores.shape[1], k, excluded)


def top_of_factors(
    customers: FloatArray,
    items: FloatArray | ItemFactors,
    k: int,
    excluded: csr_matrix | None = None,
) -> TopK:
    """Take the k best of each row of ``customers @ items.T`` without keeping the product.

    Parameters
    ----------
    customers : ndarray of float32, shape [rows, factors]
        A row with NaN gets no items.
    items : ndarray of float32, shape [items, factors], or ItemFactors
        A row with NaN is never taken. Prepare them once where they are searched often.
    k : int
        How many items a row.
    excluded : csr_matrix, shape [rows, items], optional
        Items that are not taken.
    """
    ready = items if isinstance(items, ItemFactors) else ItemFactors.of(items)
    left = np.ascontiguousarray(customers, dtype=np.float32)
    return _top(Dots(left, ready), len(left), len(ready.given), k, excluded)


def _top(source: Source, n_rows: int, n_items: int, k: int, excluded: csr_matrix | None) -> TopK:
    """Search chunk by chunk, a chunk at a time on every core."""
    top = TopK(
        np.full((n_rows, k), -1, dtype=np.int32), np.full((n_rows, k), np.nan, dtype=np.float32)
    )
    taken = min(k, n_items)
    if n_rows == 0 or taken == 0:
        return top

    def work(start: int) -> None:
        rows = slice(start, min(start + ROWS, n_rows))
        seen = Seen.of(excluded, rows, source.places)
        found = candidates(source, rows, taken, seen, _shorten)
        best = _sort(found, rows.stop - start, taken)
        top.items[rows, :taken], top.scores[rows, :taken] = best

    starts = range(0, n_rows, ROWS)
    if len(starts) == 1:
        work(0)
        return top
    from threadpoolctl import threadpool_limits  # noqa: PLC0415  (single requests do without)

    workers = min(len(starts), len(os.sched_getaffinity(0)))
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, starts))
    return top


def _sort(found: Found, n_rows: int, k: int) -> tuple[IntArray, FloatArray]:
    """Order what was found in every row by score descending, item ascending, and keep k."""
    order = np.argsort(found.rows, kind="stable")
    row, items, values = found.rows[order], found.items[order], found.values[order]
    counts = np.bincount(row, minlength=n_rows)
    slot = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    keys = np.full((n_rows, max(k, int(counts.max(initial=0)))), _NOTHING)
    keys[row, slot] = _descending(values) << np.uint64(32) | items.astype(np.uint64)
    keys.sort(axis=1)
    best = keys[:, :k]
    empty = best == _NOTHING
    numbers = (best & np.uint64(0xFFFFFFFF)).astype(np.uint32).view(np.int32)
    scores = _from_descending(best >> np.uint64(32))
    return np.where(empty, -1, numbers), np.where(empty, np.float32(np.nan), scores)


def _shorten(found: Found, n_rows: int, k: int) -> Found:
    """Keep only the k best of every row."""
    items, values = _sort(found, n_rows, k)
    row, place = np.nonzero(items >= 0)
    return Found(row, items[row, place], values[row, place])


def _descending(values: FloatArray) -> NDArray[np.uint64]:
    """Return 32-bit keys that ascend as float32 ``values`` descend."""
    bits = (values + np.float32(0)).view(np.uint32)  # adding 0 turns -0.0 into 0.0: they are a tie
    ascending = np.where(bits >> 31 == 1, ~bits, bits | np.uint32(1 << 31))
    return (~ascending).astype(np.uint64)


def _from_descending(keys: NDArray[np.uint64]) -> FloatArray:
    """Return the values that :func:`_descending` made the keys of."""
    bits = ~keys.astype(np.uint32)
    return np.where(bits >> 31 == 1, bits & np.uint32(0x7FFFFFFF), ~bits).view(np.float32)
