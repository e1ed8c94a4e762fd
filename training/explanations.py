"""Why an item was recommended: what each ground gave to its score, in one table for all models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray
from training.models.base import Recommender
from training.models.reranking.base import scorer_of

COLUMNS = ("customer_id", "item_id", "ground", "cause", "contribution")
GROUNDS = (
    "similar", "popularity", "behavior", "sentiment", "topic", "profile", "demographics",
    "promotions", "context", "base",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Explained:
    """What gave to the scores of some items of one customer.

    Parameters
    ----------
    had : ndarray of int32, shape [h]
        Items of the history.
    by_item : ndarray of float32, shape [h, m]
        What each of them gave; zeros where the model is no sum over them.
    grounds : dict of str to ndarray of float32, shape [m]
        What else gave; NaN where the model does not score the item.
    causes : ndarray of int32, shape [m]
        The item of the history that spoke for the item most, -1 for none: of a model of models
        by its first part that can tell.
    """

    had: IntArray
    by_item: FloatArray
    grounds: dict[str, FloatArray]
    causes: IntArray

    @property
    def score(self) -> FloatArray:
        """The sum of all contributions, float32 [m]: the model's score."""
        total: FloatArray = self.by_item.sum(axis=0)
        for values in self.grounds.values():
            total = total + values
        return total


def explained(
    model: Recommender, customer: str, items: IntArray, history: csr_matrix | None = None
) -> Explained:
    """Return what gave to the scores of ``items`` [m] of one customer.

    Parameters
    ----------
    model : Recommender
        Fitted. Of a fallback or a re-ranking, the model below it is asked.
    customer : str
        The customer's id; unknown ones are scored by their history.
    items : ndarray of int32, shape [m]
        Numbers of items.
    history : csr_matrix, shape [1, n_items], optional
        Counts; default: what the model was trained on.
    """
    model = scorer_of(model)
    numbers, rows = model.rows_of([customer], history)
    asked = items[None, :]
    grounds = {name: each[0] for name, each in model.grounds(numbers, rows, asked).items()}
    by_item = np.zeros((rows.nnz, len(items)), dtype=np.float32)
    if model.additive:
        by_item = model.contributions(rows, items)
    teller = teller_of(model)
    spoke = by_item if teller is model or teller is None else teller.contributions(rows, items)
    return Explained(rows.indices, by_item, grounds, _strongest(rows.indices, spoke))


def explain(
    model: Recommender,
    recommended: pd.DataFrame,
    *,
    histories: csr_matrix | None = None,
    causes: int = 3,
) -> pd.DataFrame:
    """Return what gave to every recommendation, strongest first.

    Parameters
    ----------
    model : Recommender
        Fitted.
    recommended : DataFrame
        ``customer_id`` and ``item_id``, as :meth:`Recommender.recommend` returns; what a fallback
        gave (``origin``) rests on popularity alone and is left out.
    histories : csr_matrix, shape [customers, n_items], optional
        Counts of the customers in order of first appearance; default: what was trained on.
    causes : int
        Items of the history named a recommendation; the rest are summed.

    Returns
    -------
    DataFrame
        ``customer_id``, ``item_id``, ``ground`` (one of ``GROUNDS``), ``cause`` (item of the
        history, or None), ``contribution`` (float32). Those of one recommendation sum to the
        model's score. Where a model tells what the history gave only as a whole, the cause is the
        item that spoke most in its first part that can tell.
    """
    if "origin" in recommended:
        recommended = recommended[recommended["origin"] == "model"]
    rows: list[tuple[str, str, str, str | None, float]] = []
    for place, (customer, group) in enumerate(recommended.groupby("customer_id", sort=False)):
        items = model.items.numbers(group["item_id"].to_numpy())
        history = None if histories is None else histories[[place]]
        found = explained(model, str(customer), items, history)
        for column, item in enumerate(group["item_id"]):
            told = _told(found, column, causes, model)
            rows += [(str(customer), str(item), *each) for each in told]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype({"contribution": np.float32})


def _told(
    found: Explained, column: int, causes: int, model: Recommender
) -> list[tuple[str, str | None, float]]:
    """Return ground, cause and contribution of one recommendation, strongest first."""
    told = list(_of_history(found, column, causes, model))
    for ground, values in found.grounds.items():
        cause = found.causes[column] if ground == "similar" else -1
        name = str(model.items.ids[cause]) if cause >= 0 else None
        told.append((ground, name, float(values[column])))
    return sorted(told, key=lambda each: (each[0] == "base", -each[2]))


def _of_history(
    found: Explained, column: int, causes: int, model: Recommender
) -> Iterator[tuple[str, str | None, float]]:
    """Yield the items that gave most, and the sum of the others."""
    values = found.by_item[:, column]
    order = np.argsort(-np.abs(values), kind="stable")
    given = order[: np.count_nonzero(values)]
    for place in given[:causes]:
        yield "similar", str(model.items.ids[found.had[place]]), float(values[place])
    if len(given) > causes:
        yield "similar", None, float(values[given[causes:]].sum())


def teller_of(model: Recommender) -> Recommender | None:
    """Return the model, or its first part, that knows what each item of a history gave."""
    if model.additive:
        return model
    parts = {**getattr(model, "sources", {}), **getattr(model, "parts", {})}
    found = (teller_of(part) for part in parts.values())
    return next((teller for teller in found if teller is not None), None)


def _strongest(had: IntArray, spoke: FloatArray) -> IntArray:
    """Return the item of the history that spoke most for each item, -1 where none did."""
    if not len(had):
        return np.full(spoke.shape[1], -1, dtype=np.int32)
    best = spoke.argmax(axis=0)
    found = np.where(spoke[best, np.arange(spoke.shape[1])] > 0, had[best], -1)
    return found.astype(np.int32)
