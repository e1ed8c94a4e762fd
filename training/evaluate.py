"""Judge a fitted model on a split: full ranking over the catalog that was live at the cutoff.

Protocol. Two tasks, never mixed. ``discover``: relevant are the items of the test window that the
customer never had in train; items they had are left out of the ranking. ``again``: relevant are
all items of the test window; nothing is left out. Customers with nothing relevant are not counted.
Metrics are computed a customer, then averaged; nothing is sampled.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.ids import IntArray
from training.interactions import Interactions
from training.metrics import Interval, Rankings, bootstrap_intervals, metrics_of
from training.metrics.evaluation import Evaluation, Strata, Task
from training.models.base import Recommender
from training.splits import Split

if TYPE_CHECKING:
    from features.store.reader import FeatureReader

__all__ = ["Evaluation", "Strata", "Task", "evaluate", "relevant_pairs"]


def evaluate(
    model: Recommender,
    split: Split,
    task: Task | str,
    k: int | Sequence[int] = 20,
    features: FeatureReader | None = None,
    *,
    batch: int = 4096,
    categories: pd.Series[str] | None = None,
    strata: Strata | None = None,
    seed: int = 0,
    resamples: int = 2_000,
) -> Evaluation:
    """Rank the live catalog for every customer with something relevant, and measure.

    Parameters
    ----------
    model : Recommender
        Fitted on ``split.train``.
    split : Split
        What to ask.
    task : Task or str
        ``discover`` or ``again``.
    k : int or sequence of int
        List lengths.
    features : FeatureReader, optional
        For models that read profiles.
    batch : int
        Customers ranked at a time.
    categories : Series, optional
        Category by item id, for diversity.
    strata : Strata, optional
        Bounds of cold, warm and hot.
    seed, resamples : int
        Of the bootstrap.

    Raises
    ------
    ValueError
        If nobody has anything relevant, or the model was fitted on data past the cutoff.
    """
    task = Task(task)
    lengths = (k,) if isinstance(k, int) else tuple(sorted(k))
    _refuse_leak(model, split)
    relevant = relevant_pairs(split, task)
    asked = relevant["customer_id"].unique()
    started = time.perf_counter()
    blocks = [asked[i : i + batch].tolist() for i in range(0, len(asked), batch)]
    items, fallback = _rank(model, split, task, blocks, k=max(lengths), features=features)
    seconds = time.perf_counter() - started
    rankings = _rankings(split, relevant, asked, items, categories)
    measured, whole = _measure(rankings, lengths)
    described = _describe(split.train, asked, rankings, strata or Strata())

    def intervals(values: pd.DataFrame) -> dict[str, Interval]:
        return bootstrap_intervals(values, seed=seed, resamples=resamples)

    by_stratum = measured.groupby(described["stratum"].to_numpy())
    return Evaluation(
        customers=described.join(measured.set_axis(described.index)),
        summary=intervals(measured) | whole | _judge_ratings(model, split, seed, resamples),
        strata={str(name): intervals(group) for name, group in by_stratum},
        task=task,
        split=split.name,
        split_hash=split.hash,
        k=lengths,
        counts={
            "customers": len(asked),
            "relevant": len(relevant),
            "catalog": len(split.catalog),
            "fallback_places": fallback,
        },
        seconds=seconds,
    )


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


def _refuse_leak(model: Recommender, split: Split) -> None:
    """Refuse a model that saw data after what the split lets it see."""
    if model.until > split.train.until:
        raise ValueError(
            f"{type(model).__name__} was fitted on data until {model.until.isoformat()}, but "
            f"{split.name} allows only data before {split.train.until.isoformat()}"
        )


def _rank(
    model: Recommender,
    split: Split,
    task: Task,
    blocks: Sequence[Sequence[str]],
    *,
    k: int,
    features: FeatureReader | None,
) -> tuple[IntArray, int]:
    """Return the items recommended to the customers of ``blocks``, [n, k], -1 for none.

    Items are in numbers of the split; the second value is how many places a fallback filled.
    """
    numbers = np.append(split.train.items.numbers(model.items.ids, missing="negative"), -1)
    catalog = split.catalog.ids.tolist()
    found, fallback = [], 0
    for block in blocks:
        best, by_fallback = model.top(
            block,
            k,
            exclude_seen=task is Task.DISCOVER,
            candidates=catalog,
            features=features,
        )
        found.append(numbers[best.items])
        fallback += int(by_fallback.sum())
    return np.concatenate(found).astype(np.int32), fallback


def _rankings(
    split: Split,
    relevant: pd.DataFrame,
    asked: NDArray[np.object_],
    items: IntArray,
    categories: pd.Series[str] | None,
) -> Rankings:
    """Compare recommendations with what was relevant."""
    train = split.train
    n_items = len(train.items)
    row = pd.Index(asked).get_indexer(pd.Index(relevant["customer_id"]))
    wanted = row.astype(np.int64) * n_items + train.items.numbers(relevant["item_id"].to_numpy())
    shown = np.arange(len(asked))[:, None] * n_items + items
    support = np.bincount(train.csr("binary").indices, minlength=n_items)
    codes = np.zeros(0, dtype=np.int64)
    if categories is not None:
        codes = pd.factorize(categories.reindex(train.items.ids))[0]
    return Rankings(
        items=items,
        hits=np.isin(shown, wanted) & (items >= 0),
        relevant=np.bincount(row, minlength=len(asked)),
        popularity=support / len(train.customers),
        categories=codes,
        catalog=len(split.catalog),
    )


def _measure(
    rankings: Rankings, lengths: Sequence[int]
) -> tuple[pd.DataFrame, dict[str, Interval]]:
    """Return the metrics a customer (a column each) and those of the whole."""
    columns, whole = {}, {}
    for length in lengths:
        first = rankings.at(length)
        for measure in (*metrics_of("ranking"), *metrics_of("beyond")):
            values = measure.compute(first)
            if measure.per_customer:
                columns[f"{measure.name}@{length}"] = values
            else:
                whole[f"{measure.name}@{length}"] = _alone(values, len(first.items))
    return pd.DataFrame(columns), whole


def _describe(
    train: Interactions, asked: NDArray[np.object_], rankings: Rankings, strata: Strata
) -> pd.DataFrame:
    """Return stratum, history length and number of relevant items by customer."""
    lengths = np.append(np.diff(train.csr("binary").indptr), 0)  # -1 is unknown: no history
    history = lengths[train.customers.numbers(asked, missing="negative")]
    return pd.DataFrame(
        {"stratum": strata.of(history), "history": history, "relevant": rankings.relevant},
        index=pd.Index(asked, name="customer_id"),
    )


def _judge_ratings(
    model: Recommender, split: Split, seed: int, resamples: int
) -> dict[str, Interval]:
    """Return the errors of predicted ratings over test pairs that have a rating; {} for rankers."""
    if not model.predicts_ratings:
        return {}
    pairs = split.test[split.test["value"].notna()]
    predicted = model.predict(pairs["customer_id"].tolist(), pairs["item_id"].tolist())
    known = ~np.isnan(predicted)
    truth = pairs["value"].to_numpy(dtype=np.float64)[known]
    errors, whole = {}, {}
    for measure in metrics_of("rating"):
        values = measure.compute(truth, predicted[known].astype(np.float64))
        if measure.per_customer:
            errors[measure.name] = values
        else:
            whole[measure.name] = _alone(values, len(truth))
    return bootstrap_intervals(pd.DataFrame(errors), seed=seed, resamples=resamples) | whole


def _alone(values: NDArray[np.float64], n: int) -> Interval:
    """Wrap one number of the whole batch, which has no interval."""
    return Interval(float(values[0]), float("nan"), float("nan"), n)
