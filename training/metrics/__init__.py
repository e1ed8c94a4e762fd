"""Metrics: each a small registered function of one batch of rankings (or ratings)."""

from training.metrics import beyond, ranking, ratings
from training.metrics.bootstrap import Interval, bootstrap_intervals, paired_difference
from training.metrics.errors import error_difference
from training.metrics.registry import Metric, Rankings, is_error, metrics_of, registered

__all__ = [
    "Interval",
    "Metric",
    "Rankings",
    "beyond",
    "bootstrap_intervals",
    "error_difference",
    "is_error",
    "metrics_of",
    "paired_difference",
    "ranking",
    "ratings",
    "registered",
]
