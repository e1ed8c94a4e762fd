"""What an evaluation asks and what it finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.metrics.bootstrap import Interval, paired_difference
from training.metrics.errors import error_difference
from training.metrics.registry import is_error


class Task(StrEnum):
    """What is asked of a model."""

    DISCOVER = "discover"
    AGAIN = "again"


@dataclass(frozen=True)
class Strata:
    """Customers by the number of distinct items in their training history.

    cold: fewer than ``warm_from`` (0 included); warm: fewer than ``hot_from``; hot: the rest.
    """

    warm_from: int = 5
    hot_from: int = 20

    def __post_init__(self) -> None:
        if not 0 < self.warm_from < self.hot_from:
            raise ValueError(
                "strata: expected 0 < warm_from < hot_from, "
                f"received {self.warm_from}, {self.hot_from}"
            )

    def of(self, history: NDArray[Any]) -> NDArray[np.object_]:
        """Name the stratum of each history length."""
        names = np.array(["cold", "warm", "hot"], dtype=object)
        found: NDArray[np.object_] = names[np.digitize(history, [self.warm_from, self.hot_from])]
        return found


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a model reached on one split and task.

    Parameters
    ----------
    customers : DataFrame
        Index ``customer_id`` (and ``split``, of several); columns ``stratum``, ``history``
        (distinct items in train), ``relevant``, ``answered`` (share of the list that the model
        itself filled) and one a metric (``recall@20``); for models of ratings also ``rated``,
        ``squared_error`` and ``absolute_error``, sums over the pairs of the customer.
    summary : dict of str to Interval
        Mean and 95 % interval by metric; metrics of the whole (coverage, rmse) have no interval.
    strata : dict of str to dict
        The same by stratum (cold, warm, hot), for the ranking metrics.
    task, split, split_hash : str
        What was asked, and of which data.
    k : tuple of int
        List lengths measured.
    counts : dict of str to int
        Customers, relevant pairs, items in the catalog, places answered by the fallback.
    seconds : float
        Time to rank, without the metrics.
    spread : dict of str to float
        Standard deviation of the metrics over ``seeds`` fits; empty for one.
    seeds : int
        How many fits, each with a seed of its own, the figures are means of.
    promised : DataFrame
        What the model predicted and what came of it, for :func:`calibration.reliability`: ratings,
        or chances of the recommended items. Empty where it promises neither.
    """

    customers: pd.DataFrame
    summary: dict[str, Interval]
    strata: dict[str, dict[str, Interval]]
    task: Task
    split: str
    split_hash: str
    k: tuple[int, ...]
    counts: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    spread: dict[str, float] = field(default_factory=dict)
    seeds: int = 1
    promised: pd.DataFrame = field(default_factory=pd.DataFrame)

    def minus(self, other: Evaluation, metric: str) -> Interval:
        """Return the paired difference to ``other`` in ``metric``, with its 95 % interval.

        Of errors, such as rmse, below 0 is better; it is over the customers that were ranked for,
        and NaN where one of the two predicts no ratings.

        Raises
        ------
        ValueError
            If the two were not measured on the same split and task.
        """
        if (self.split_hash, self.task) != (other.split_hash, other.task):
            raise ValueError(
                f"cannot compare {self.task} on {self.split} with {other.task} on {other.split}: "
                "evaluate both on the same split and task"
            )
        if is_error(metric):
            return error_difference(self.customers, other.customers, metric)
        return paired_difference(self.customers[metric], other.customers[metric])

    def main(self, metric: str) -> Interval:
        """Return the metric that runs are compared by.

        Raises
        ------
        ValueError
            If nothing in the test data tells it.
        """
        if metric not in self.summary:
            raise ValueError(
                f"{metric} on {self.split}: no event of the test window has a value to predict; "
                "expected data with ratings, or a metric of lists such as recall@20"
            )
        return self.summary[metric]
