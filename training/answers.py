"""Ask a fitted model what a split asks, and keep what it answered beside what was relevant."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IdMap, IntArray
from training.metrics.evaluation import Task
from training.models.base import Recommender
from training.newer import newer_than, top_with_newer
from training.splits import Split

if TYPE_CHECKING:
    from features.store.reader import FeatureReader


@dataclass(frozen=True, eq=False)
class Answers:
    """What was asked and answered.

    Parameters
    ----------
    customers : ndarray of object, shape [n]
        Who has something relevant, in order of first appearance.
    relevant : DataFrame
        Pairs that count: ``customer_id``, ``item_id``, ``value``.
    items : ndarray of int32, shape [n, k]
        Recommended items in numbers of the split, best first, -1 for none.
    chances : ndarray of float32, shape [n, k], optional
        How probable the model says each is to be chosen; NaN where the fallback answered. None
        where its scores are no chances.
    fallback : int
        Places that a fallback filled.
    own : ndarray of float64, shape [n]
        Share of the places that the model itself filled.
    seconds : float
        Time it took to rank.
    """

    customers: NDArray[np.object_]
    relevant: pd.DataFrame
    items: IntArray
    chances: FloatArray | None
    fallback: int
    own: NDArray[np.float64]
    seconds: float


def ask(
    model: Recommender,
    split: Split,
    task: Task,
    k: int,
    *,
    batch: int,
    features: FeatureReader | None,
    clicks: Mapping[str, Sequence[str]] | None = None,
    newer: bool = False,
) -> Answers:
    """Have the live catalog ranked for everyone with something relevant, ``batch`` at a time.

    ``clicks`` are histories by customer, folded in instead of those that were learned from;
    ``newer`` folds in, as serving does, what the split lets a model see and it was not fitted on.

    Raises
    ------
    ValueError
        If nobody has anything relevant, or the model was fitted on data past the cutoff.
    """
    _refuse_leak(model, split)
    relevant = relevant_pairs(split, task)
    started = time.perf_counter()
    numbers = np.append(split.train.items.numbers(model.items.ids, missing="negative"), -1)
    asked, catalog = relevant["customer_id"].unique(), split.catalog.ids.tolist()
    items, chances, fallback, own = [], [], 0, []
    since = newer_than(model, split.train) if newer else None
    for start in range(0, len(asked), batch):
        customers = asked[start : start + batch].tolist()
        asks: dict[str, Any] = {
            "exclude_seen": task is Task.DISCOVER,
            "candidates": catalog,
            "features": features,
        }
        if since is not None:
            best, by_fallback = top_with_newer(model, since, customers, k, **asks)
        else:
            given = None if clicks is None else _histories(customers, clicks, model.items)
            best, by_fallback = model.top(customers, k, histories=given, **asks)
        items.append(numbers[best.items])
        told = model.chances(best.scores)
        if told is not None:
            chances.append(np.where(by_fallback, np.float32(np.nan), told))
        fallback += int(by_fallback.sum())
        own.append(((best.items >= 0) & ~by_fallback).mean(axis=1))
    seconds = time.perf_counter() - started
    return Answers(
        customers=asked,
        relevant=relevant,
        items=np.concatenate(items).astype(np.int32),
        chances=np.concatenate(chances) if chances else None,
        fallback=fallback,
        own=np.concatenate(own),
        seconds=seconds,
    )


def warm_seconds(
    model: Recommender,
    split: Split,
    task: Task,
    k: int,
    *,
    customers: Sequence[str],
    features: FeatureReader | None = None,
    requests: int = 1_000,
) -> float:
    """Return the seconds that ``requests`` requests take a model that has answered before.

    The first answers of a model hold what is paid once: features that are read, libraries that
    wake up. Requests are spread evenly over ``customers``; where they are fewer, they ask again.
    """
    places = np.arange(requests) * len(customers) // requests
    asked = np.asarray(customers, dtype=object)[places].tolist()
    catalog = split.catalog.ids.tolist()
    started = time.perf_counter()
    model.top(asked, k, exclude_seen=task is Task.DISCOVER, candidates=catalog, features=features)
    return time.perf_counter() - started


def relevant_pairs(split: Split, task: Task | str) -> pd.DataFrame:
    """Return the test pairs that count for ``task``: ``customer_id``, ``item_id``, ``value``.

    Raises
    ------
    ValueError
        If there are none.
    """
    pairs = split.test
    if Task(task) is Task.DISCOVER:
        train, n_items = split.train, len(split.train.items)
        had = train.csr("binary").tocoo()
        row = train.customers.numbers(pairs["customer_id"].to_numpy(), missing="negative")
        column = train.items.numbers(pairs["item_id"].to_numpy())
        known = had.row.astype(np.int64) * n_items + had.col
        pairs = pairs[~np.isin(row.astype(np.int64) * n_items + column, known)]
    if pairs.empty:
        raise ValueError(
            f"{task} on {split.name}: no customer has anything relevant in the test data"
        )
    return pairs.reset_index(drop=True)


def _histories(
    customers: Sequence[str], clicks: Mapping[str, Sequence[str]], items: IdMap
) -> csr_matrix:
    """Return a row of counts for each customer, [customers, items]; items unknown are left out."""
    given = [items.numbers(list(clicks.get(each, ())), missing="negative") for each in customers]
    columns = np.concatenate([*given, np.zeros(0, dtype=np.int32)])
    rows = np.repeat(np.arange(len(given)), [len(each) for each in given])
    known = columns >= 0
    ones = np.ones(int(known.sum()), dtype=np.float32)
    return csr_matrix((ones, (rows[known], columns[known])), shape=(len(given), len(items)))


def _refuse_leak(model: Recommender, split: Split) -> None:
    """Refuse a model that saw data after what the split lets it see."""
    if model.until > split.train.until:
        raise ValueError(
            f"{type(model).__name__} was fitted on data until {model.until.isoformat()}, but "
            f"{split.name} allows only data before {split.train.until.isoformat()}"
        )
