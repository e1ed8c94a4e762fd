"""What else a list of recommendations is like: wide, new, varied, or only popular."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from training.metrics.registry import Rankings, Values, metric

_SMOOTHING = 0.01  # of the list by the history, against infinity


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
    "calibration_error",
    "beyond",
    "Divergence, in nats, of the list's categories (leading level) from those of the history.",
    higher_is_better=False,
)
def calibration_error(rankings: Rankings) -> Values:
    """Return KL(p || 0.99 q + 0.01 p), [n] (Steck 2018, "Calibrated Recommendations", eq. 6).

    p are the shares of the categories in the history, q those in the list: 0 where they agree,
    at most log(100) = 4.6. NaN where no category is known of the history or of the list.
    """
    values = np.full(len(rankings.items), np.nan)
    if rankings.tastes is None:
        return values
    found = np.where(rankings.items >= 0, rankings.groups[rankings.items], -1)
    number, wanted = (found >= 0).sum(axis=1), rankings.tastes.tocoo()
    row, place = np.nonzero(found >= 0)
    ones = np.ones(len(row))
    held = csr_matrix((ones, (row, found[row, place])), shape=rankings.tastes.shape)
    counts = np.asarray(held[wanted.row, wanted.col]).ravel()
    share = counts / np.maximum(number, 1)[wanted.row]
    mixed = (1 - _SMOOTHING) * share + _SMOOTHING * wanted.data
    terms = wanted.data * np.log(wanted.data / mixed)
    total = np.bincount(wanted.row, weights=terms, minlength=len(values))
    known = (number > 0) & (np.bincount(wanted.row, minlength=len(values)) > 0)
    values[known] = total[known]
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
