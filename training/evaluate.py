"""Judge a fitted model on a split: full ranking over the catalog that was live at the cutoff.

Protocol. Two tasks, never mixed. ``discover``: relevant are the items of the test window that the
customer never had in train; items they had are left out of the ranking. ``again``: relevant are
all items of the test window; nothing is left out. Customers with nothing relevant are not counted.
Metrics are computed a customer, then averaged; nothing is sampled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training.answers import Answers, ask, relevant_pairs
from training.interactions import Interactions
from training.metrics import Interval, Rankings, bootstrap_intervals, metrics_of
from training.metrics.calibration import promises
from training.metrics.errors import error_sums
from training.metrics.evaluation import Evaluation, Strata, Task
from training.models.base import Recommender
from training.models.blocks import rows_or_empty
from training.splits import Split
from training.tastes import codes_of, tastes_of

if TYPE_CHECKING:
    from features.store.reader import FeatureReader

__all__ = ["Evaluation", "Strata", "Task", "evaluate", "relevant_pairs"]

Intervals = Callable[[pd.DataFrame], dict[str, Interval]]


def evaluate(
    model: Recommender,
    split: Split,
    task: Task | str,
    k: int | Sequence[int] = 20,
    features: FeatureReader | None = None,
    *,
    clicks: Mapping[str, Sequence[str]] | None = None,
    newer: bool = False,
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
    clicks : dict of str to sequence of str, optional
        Items by customer that are folded in as their histories, instead of what was learned from.
    newer : bool
        For a model that was fitted before the cutoff: fold in what came since, as serving does.
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
    task, lengths = Task(task), (k,) if isinstance(k, int) else tuple(sorted(k))
    answers = ask(
        model, split, task, max(lengths), batch=batch, features=features, clicks=clicks, newer=newer
    )
    rankings = _rankings(split, answers, categories)
    measured, whole = _measure(answers, rankings, lengths)
    described = _describe(split.train, answers, rankings, strata or Strata())
    intervals = partial(bootstrap_intervals, seed=seed, resamples=resamples)
    ratings = _ratings(model, split)
    return Evaluation(
        customers=described.join(_error_sums(model, split)).join(measured),
        summary=intervals(measured) | whole | _judge_ratings(ratings, intervals),
        strata=_by_stratum(measured, described, intervals),
        task=task,
        split=split.name,
        split_hash=split.hash,
        k=lengths,
        counts=_counts(split, answers),
        seconds=answers.seconds,
        promised=_promised(answers, rankings) if ratings.empty else ratings,
    )


def _rankings(split: Split, answers: Answers, categories: pd.Series[str] | None) -> Rankings:
    """Compare recommendations with what was relevant."""
    train, relevant, items = split.train, answers.relevant, answers.items
    n_items = len(train.items)
    row = pd.Index(answers.customers).get_indexer(pd.Index(relevant["customer_id"]))
    wanted = row.astype(np.int64) * n_items + train.items.numbers(relevant["item_id"].to_numpy())
    shown = np.arange(len(items))[:, None] * n_items + items
    support = np.bincount(train.csr("binary").indices, minlength=n_items)
    codes = groups = np.zeros(0, dtype=np.int32)
    tastes: csr_matrix | None = None
    if categories is not None:
        codes, groups = (codes_of(categories, train.items, levels=n) for n in (None, 1))
        known = train.customers.numbers(answers.customers, missing="negative")
        tastes = tastes_of(rows_or_empty(train.csr("binary"), known), groups)
    return Rankings(
        items=items,
        hits=np.isin(shown, wanted) & (items >= 0),
        relevant=np.bincount(row, minlength=len(items)),
        popularity=support / len(train.customers),
        categories=codes,
        catalog=len(split.catalog),
        groups=groups,
        tastes=tastes,
    )


def _measure(
    answers: Answers, rankings: Rankings, lengths: Sequence[int]
) -> tuple[pd.DataFrame, dict[str, Interval]]:
    """Return the metrics by customer (a column each) and those of the whole."""
    columns, whole = {}, {}
    for length in lengths:
        first = rankings.at(length)
        for measure in (*metrics_of("ranking"), *metrics_of("beyond")):
            values = measure.compute(first)
            if measure.per_customer:
                columns[f"{measure.name}@{length}"] = values
            else:
                whole[f"{measure.name}@{length}"] = _alone(values, len(first.items))
    return pd.DataFrame(columns, index=_index(answers)), whole


def _describe(
    train: Interactions, answers: Answers, rankings: Rankings, strata: Strata
) -> pd.DataFrame:
    """Return stratum, history length, relevant items and own answers by customer."""
    lengths = np.append(np.diff(train.csr("binary").indptr), 0)  # -1 is unknown: no history
    history = lengths[train.customers.numbers(answers.customers, missing="negative")]
    return pd.DataFrame(
        {
            "stratum": strata.of(history),
            "history": history,
            "relevant": rankings.relevant,
            "answered": answers.own,
        },
        index=_index(answers),
    )


def _index(answers: Answers) -> pd.Index[str]:
    return pd.Index(answers.customers, name="customer_id")


def _by_stratum(
    measured: pd.DataFrame, described: pd.DataFrame, intervals: Intervals
) -> dict[str, dict[str, Interval]]:
    """Return the intervals of cold, warm and hot customers, of those there are."""
    groups = measured.groupby(described["stratum"])
    return {str(name): intervals(group) for name, group in groups}


def _counts(split: Split, answers: Answers) -> dict[str, int]:
    """Return of how many customers, pairs and items the figures speak."""
    return {
        "customers": len(answers.customers),
        "relevant": len(answers.relevant),
        "catalog": len(split.catalog),
        "fallback_places": answers.fallback,
    }


def _ratings(model: Recommender, split: Split) -> pd.DataFrame:
    """Return predicted ratings beside those given in the test window; empty for rankers."""
    if not model.predicts_ratings:
        return pd.DataFrame()
    pairs = split.test[split.test["value"].notna()]
    predicted = model.predict(pairs["customer_id"].tolist(), pairs["item_id"].tolist())
    return promises(predicted, pairs["value"].to_numpy(dtype=np.float64))


def _error_sums(model: Recommender, split: Split) -> pd.DataFrame:
    """Return sums of errors by customer, to compare two models of ratings; empty for rankers."""
    if not model.predicts_ratings:
        return pd.DataFrame()
    pairs = split.test[split.test["value"].notna()]
    customers = pairs["customer_id"].to_numpy()
    predicted = model.predict(customers.tolist(), pairs["item_id"].tolist())
    truth = pairs["value"].to_numpy(dtype=np.float64)
    return error_sums(customers, truth, np.asarray(predicted, dtype=np.float64))


def _promised(answers: Answers, rankings: Rankings) -> pd.DataFrame:
    """Return the chances a model gave to what it recommended beside whether it was chosen."""
    if answers.chances is None:
        return pd.DataFrame()
    chances = np.where(answers.items < 0, np.float32(np.nan), answers.chances)
    return promises(chances, rankings.hits)


def _judge_ratings(ratings: pd.DataFrame, intervals: Intervals) -> dict[str, Interval]:
    """Return the errors of predicted ratings; {} without any."""
    if ratings.empty:
        return {}
    truth, predicted = ratings["observed"].to_numpy(), ratings["predicted"].to_numpy()
    errors, whole = {}, {}
    for measure in metrics_of("rating"):
        values = measure.compute(truth, predicted)
        if measure.per_customer:
            errors[measure.name] = values
        else:
            whole[measure.name] = _alone(values, len(truth))
    return intervals(pd.DataFrame(errors)) | whole


def _alone(values: NDArray[np.float64], n: int) -> Interval:
    """Wrap one number of the whole batch, which has no interval."""
    return Interval(float(values[0]), float("nan"), float("nan"), n)
