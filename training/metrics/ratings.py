"""How far predicted ratings are from given ones: one value a pair."""

from __future__ import annotations

import numpy as np

from training.metrics.registry import Values, metric


@metric("mse", "rating", "Mean squared error of the predicted rating.", higher_is_better=False)
def squared_error(truth: Values, predicted: Values) -> Values:
    """Return the squared error of each pair, [n]; its mean is the MSE."""
    return np.asarray((predicted - truth) ** 2)


@metric(
    "rmse",
    "rating",
    "Root of the mean squared error, in units of the rating.",
    higher_is_better=False,
    per_customer=False,
)
def root_mean_squared_error(truth: Values, predicted: Values) -> Values:
    """Return one number, [1]."""
    return np.asarray(np.sqrt(np.nanmean((predicted - truth) ** 2, keepdims=True)))


@metric("mae", "rating", "Mean absolute error of the predicted rating.", higher_is_better=False)
def absolute_error(truth: Values, predicted: Values) -> Values:
    """Return the absolute error of each pair, [n]; its mean is the MAE."""
    return np.asarray(np.abs(predicted - truth))
