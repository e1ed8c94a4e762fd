"""95 % intervals by resampling customers, paired when two models are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from training.metrics.registry import Values

RESAMPLES = 2_000
CONFIDENCE = 0.95
_CHUNK = 100  # resamples worked on at a time


@dataclass(frozen=True)
class Interval:
    """A mean over ``n`` customers and the ends of its bootstrap interval."""

    value: float
    low: float
    high: float
    n: int


def bootstrap_intervals(
    values: pd.DataFrame,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> dict[str, Interval]:
    """Return the mean of each column with its percentile interval.

    All columns share the same resamples of customers, so differences between them are paired. Rows
    with the same first level of the index are one customer's, measured at several cutoffs: they
    are drawn together, since they are not independent (a cluster bootstrap), and the mean is over
    all rows. NaN is left out of a mean; a column without any value gives NaN with ``n`` 0.

    Parameters
    ----------
    values : DataFrame
        One row a customer (and cutoff), one column a metric.
    seed, resamples, confidence
        Seed and number of resamples, and the share of them inside the interval.

    Examples
    --------
    >>> bootstrap_intervals(pd.DataFrame({"recall": [1.0, 1.0]}))["recall"]
    Interval(value=1.0, low=1.0, high=1.0, n=2)
    """
    table = values.to_numpy(dtype=np.float64)
    known = _by_customer((~np.isnan(table)).astype(np.float64), values.index)
    filled = _by_customer(np.nan_to_num(table), values.index)
    rows, counts = known.sum(axis=0), (known > 0).sum(axis=0)
    means = np.divide(filled.sum(axis=0), rows, out=np.full(table.shape[1], np.nan), where=rows > 0)
    low, high = np.full((2, table.shape[1]), np.nan)
    if len(table) and resamples:
        samples = _resampled_means(filled, known, seed, resamples)
        usable = counts > 0
        tail = (1 - confidence) / 2
        low[usable], high[usable] = np.nanquantile(samples[:, usable], [tail, 1 - tail], axis=0)
    return {
        str(name): Interval(float(means[i]), float(low[i]), float(high[i]), int(counts[i]))
        for i, name in enumerate(values.columns)
    }


def paired_difference(
    first: pd.Series, second: pd.Series, *, seed: int = 0, resamples: int = RESAMPLES
) -> Interval:
    """Return the mean of ``first - second`` over customers both were measured on, with interval.

    An interval above 0 says that the first is better, whatever customers differ in.

    Parameters
    ----------
    first, second : Series
        A metric by customer; the index is the customer id, or customer id and split.

    Raises
    ------
    ValueError
        If they have no customer in common.
    """
    both = pd.concat({"first": first, "second": second}, axis=1, join="inner")
    if both.empty:
        raise ValueError("paired difference: the two measurements have no customer in common")
    difference = (both["first"] - both["second"]).to_frame("difference")
    return bootstrap_intervals(difference, seed=seed, resamples=resamples)["difference"]


def _by_customer(values: Values, index: pd.Index[Any]) -> Values:
    """Sum the rows of each customer, [customers, columns]; as they are where each has one."""
    owners = pd.factorize(index.get_level_values(0))[0]
    if not len(owners) or owners.max() + 1 == len(owners):
        return values
    sums = np.zeros((owners.max() + 1, values.shape[1]))
    np.add.at(sums, owners, values)
    return sums


def _resampled_means(filled: Values, known: Values, seed: int, resamples: int) -> Values:
    """Means of the columns over ``resamples`` resamples of customers, [resamples, columns]."""
    rng = np.random.default_rng(seed)
    n = len(filled)
    means = np.full((resamples, filled.shape[1]), np.nan)
    for start in range(0, resamples, _CHUNK):
        size = min(_CHUNK, resamples - start)
        drawn = rng.integers(0, n, size=(size, n)) + np.arange(size)[:, None] * n
        weights = np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n).astype(np.float64)
        total, number = weights @ filled, weights @ known
        np.divide(total, number, out=means[start : start + size], where=number > 0)
    return means
