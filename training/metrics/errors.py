"""Errors of ratings by customer, so that two models are compared on the same customers.

A root is no mean of values by customer. What is kept are sums a customer; each resample of
customers gives the error over all pairs of those drawn.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.metrics.bootstrap import CONFIDENCE, RESAMPLES, Interval
from training.metrics.registry import Values

RATED, SQUARED, ABSOLUTE = SUMS = ("rated", "squared_error", "absolute_error")


def error_sums(customers: NDArray[np.object_], truth: Values, predicted: Values) -> pd.DataFrame:
    """Return pairs and sums of errors by customer, of the pairs whose prediction is known."""
    known = ~np.isnan(predicted)
    errors = (predicted - truth)[known]
    pairs = pd.DataFrame({RATED: 1.0, SQUARED: errors**2, ABSOLUTE: np.abs(errors)})
    return pairs.groupby(np.asarray(customers)[known]).sum()


def error_of(sums: pd.DataFrame, metric: str) -> float:
    """Return ``rmse``, ``mse`` or ``mae`` over all pairs; NaN where nothing was rated."""
    total = sums[list(SUMS)].sum().to_numpy(dtype=np.float64)
    return float(_errors(total, metric))


def error_difference(
    first: pd.DataFrame,
    second: pd.DataFrame,
    metric: str,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Interval:
    """Return the error of ``first`` minus that of ``second`` with its 95 % interval.

    Below 0 the first is better. Customers are those for whom both predicted a rating; each counts
    with the pairs that the model could predict.

    Parameters
    ----------
    first, second : DataFrame
        Columns ``rated``, ``squared_error`` and ``absolute_error``; the first level of the index
        is the customer.
    """
    nothing = Interval(math.nan, math.nan, math.nan, 0)
    if not (set(SUMS) <= set(first) and set(SUMS) <= set(second)):
        return nothing
    sides = [each.groupby(level=0)[list(SUMS)].sum() for each in (first, second)]
    both = pd.concat(sides, axis=1, join="inner").to_numpy(dtype=np.float64)
    both = both[(both[:, 0] > 0) & (both[:, len(SUMS)] > 0)]
    if not len(both):
        return nothing
    rng = np.random.default_rng(seed)
    drawn = [np.bincount(rng.integers(0, len(both), len(both)), minlength=len(both)) @ both
             for _ in range(resamples)]  # fmt: skip
    found = _minus(np.asarray(drawn), metric)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(found, [tail, 1 - tail]) if resamples else (math.nan, math.nan)
    value = _minus(both.sum(axis=0), metric)
    return Interval(float(value), float(low), float(high), len(both))


def _minus(sums: Values, metric: str) -> Values:
    return _errors(sums[..., : len(SUMS)], metric) - _errors(sums[..., len(SUMS) :], metric)


def _errors(sums: Values, metric: str) -> Values:
    """Return the error of each row of sums, [..., 3] to [...]."""
    rated, squared, absolute = np.moveaxis(sums, -1, 0)
    total = absolute if metric == "mae" else squared
    mean = np.divide(total, rated, out=np.full_like(total, np.nan), where=rated > 0)
    return np.asarray(np.sqrt(mean) if metric == "rmse" else mean)
