"""What else a list of recommendations is like: wide, new, varied, or only popular."""

from __future__ import annotations

import numpy as np

from training.metrics.registry import Rankings, Values, metric


@metric(
    "coverage",
    "beyond",
    "Share of the catalog that was recommended to anybody.",
    per_customer=False,
)
def coverage(rankings: Rankings) -> Values:
    """Return one number, [1]: distinct recommended items / catalog."""
    shown = np.unique(rankings.items[rankings.items >= 0])
    return np.array([len(shown) / max(rankings.catalog, 1)])


@metric(
    "novelty",
    "beyond",
    "Mean surprise of the recommended items in bits: -log2(share of customers who had the item).",
)
def novelty(rankings: Rankings) -> Values:
    """Return the mean self-information, [n]; an item nobody had counts as half a customer's."""
    known = rankings.popularity[rankings.popularity > 0]
    least = known.min() / 2 if known.size else 1.0
    bits = -np.log2(np.maximum(rankings.popularity, least))
    return _mean_of_items(bits, rankings)


@metric(
    "diversity",
    "beyond",
    "Share of the pairs in a list that are of different categories; unknown categories left out.",
)
def diversity(rankings: Rankings) -> Values:
    """Return the intra-list diversity by category, [n]; NaN below two items with a category."""
    values = np.full(len(rankings.items), np.nan)
    if not len(rankings.categories):
        return values
    found = np.where(rankings.items >= 0, rankings.categories[rankings.items], -1)
    number = (found >= 0).sum(axis=1)
    ordered = np.sort(found, axis=1)
    new_run = np.ones_like(ordered, dtype=bool)
    new_run[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    run = np.cumsum(new_run, axis=1) - 1 + np.arange(len(found))[:, None] * found.shape[1]
    sizes = np.bincount(run[ordered >= 0], minlength=found.size).reshape(found.shape)
    same = (sizes * (sizes - 1)).sum(axis=1)
    enough = number > 1
    values[enough] = 1 - same[enough] / (number * (number - 1))[enough]
    return values


@metric(
    "average_popularity",
    "beyond",
    "Mean share of train customers who had the recommended items; lower is less mainstream.",
    higher_is_better=False,
)
def average_popularity(rankings: Rankings) -> Values:
    """Return the mean popularity of the recommended items, [n]."""
    return _mean_of_items(rankings.popularity, rankings)


def _mean_of_items(values: Values, rankings: Rankings) -> Values:
    """Mean of an item's value over each list, [n]; NaN for an empty list."""
    shown = rankings.items >= 0
    number = shown.sum(axis=1)
    if not len(values):
        return np.full(len(number), np.nan)
    total = np.where(shown, values[rankings.items], 0.0).sum(axis=1)
    return np.asarray(np.divide(total, number, out=np.full(len(number), np.nan), where=number > 0))
