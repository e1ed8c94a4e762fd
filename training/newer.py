"""Events newer than a fitted model: who is asked about with them, and who by what was learned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training.ids import IdMap, IntArray
from training.interactions import Interactions
from training.models.base import Recommender
from training.topk import TopK


def alike(
    numbers: IntArray, rows: csr_matrix, fresh: csr_matrix | None
) -> Iterator[tuple[NDArray[np.int64], csr_matrix | None]]:
    """Split customers into those asked about by trained state, and those asked by history.

    A customer's answer must not depend on who is asked about at the same time, so customers whom
    the model knows, knows with newer events, and does not know are asked about apart.

    Parameters
    ----------
    numbers : ndarray of int32, shape [n]
        Customer numbers, -1 where the model does not know them.
    rows, fresh : csr_matrix, shape [n, n_items]
        Whole histories, and of these the events that are newer than the model.
    """
    touched = np.zeros(len(numbers), dtype=bool) if fresh is None else np.diff(fresh.indptr) > 0
    known = numbers >= 0
    for chosen, by_history in ((known & ~touched, False), (known & touched, True), (~known, True)):
        group = np.flatnonzero(chosen)
        if len(group):
            yield group, rows[group] if by_history else None


def fresh_rows(since: Interactions, customers: Sequence[str], items: IdMap) -> csr_matrix:
    """Return counts float32 [n_customers, n_items] of events; items unknown are left out."""
    known = pd.Index(customers).get_indexer(pd.Index(since.frame["customer_id"]))
    columns = items.numbers(since.frame["item_id"].to_numpy(), missing="negative")
    keep = (known >= 0) & (columns >= 0)
    ones = np.ones(int(keep.sum()), dtype=np.float32)
    return csr_matrix((ones, (known[keep], columns[keep])), shape=(len(customers), len(items)))


def newer_than(model: Recommender, train: Interactions) -> Interactions:
    """Return the events of ``train`` that ``model`` was not fitted on."""
    late = train.frame["available_at"] >= pd.Timestamp(model.until)
    return train.where(late.to_numpy())


def top_with_newer(
    model: Recommender, since: Interactions, customers: list[str], k: int, **asked: object
) -> tuple[TopK, NDArray[np.bool_]]:
    """As ``model.top``, with the events ``since`` folded in as serving does it."""
    numbers, trained = model.rows_of(customers)
    fresh = fresh_rows(since, customers, model.items)
    rows = (trained + fresh).tocsr()
    items = np.full((len(customers), k), -1, dtype=np.int32)
    scores = np.full((len(customers), k), np.nan, dtype=np.float32)
    fallback = np.zeros((len(customers), k), dtype=bool)
    for group, histories in alike(numbers, rows, fresh):
        names = [customers[n] for n in group]
        best, stood_in = model.top(names, k, histories=histories, **asked)  # type: ignore[arg-type]
        items[group], scores[group], fallback[group] = best.items, best.scores, stood_in
    return TopK(items, scores), fallback
