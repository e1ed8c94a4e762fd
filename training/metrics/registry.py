"""What a metric is, what it is computed from, and the list of all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Kind = Literal["ranking", "beyond", "rating"]
Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Rankings:
    """Recommendations of a batch of customers beside what they really chose.

    Parameters
    ----------
    items : ndarray of int, shape [n, k]
        Recommended item numbers, best first; -1 where there is no recommendation.
    hits : ndarray of bool, shape [n, k]
        Whether the recommendation at that place was relevant.
    relevant : ndarray of int, shape [n]
        How many items were relevant to each customer; at least 1.
    popularity : ndarray of float, shape [n_items]
        Share of the train customers who had the item, 0..1.
    categories : ndarray of int, shape [n_items]
        Category number of the item; -1 where unknown.
    catalog : int
        How many items could be recommended.
    groups : ndarray of int, shape [n_items]
        Number of the leading level of the item's category; -1 where unknown.
    tastes : csr_matrix, shape [n, groups], optional
        Share of each group in the customer's history; a row of zeros where nothing is known.

    Raises
    ------
    ValueError
        If shapes differ, or a customer has nothing relevant.
    """

    items: NDArray[Any]
    hits: NDArray[np.bool_]
    relevant: NDArray[Any]
    popularity: Values = field(default_factory=lambda: np.zeros(0))
    categories: NDArray[Any] = field(default_factory=lambda: np.zeros(0, dtype=np.int32))
    catalog: int = 0
    groups: NDArray[Any] = field(default_factory=lambda: np.zeros(0, dtype=np.int32))
    tastes: csr_matrix | None = None

    def __post_init__(self) -> None:
        if self.items.shape != self.hits.shape or len(self.items) != len(self.relevant):
            raise ValueError(
                f"rankings: items {self.items.shape}, hits {self.hits.shape} and relevant "
                f"{self.relevant.shape} must agree: [n, k], [n, k] and [n]"
            )
        if len(self.relevant) and self.relevant.min() < 1:
            raise ValueError("rankings: every customer needs something relevant; leave others out")

    def at(self, k: int) -> Rankings:
        """Return the first ``k`` places."""
        return replace(self, items=self.items[:, :k], hits=self.hits[:, :k])


@dataclass(frozen=True)
class Metric:
    """A named measure.

    ``compute`` takes :class:`Rankings` (or truth and prediction for ratings) and returns a value a
    customer (a pair, for ratings), NaN where it is undefined; ``overall`` turns a metric of the
    whole batch, such as coverage, into one number instead.
    """

    name: str
    kind: Kind
    description: str
    compute: Callable[..., Values]
    higher_is_better: bool
    per_customer: bool


_METRICS: dict[str, Metric] = {}


def metric(
    name: str,
    kind: Kind,
    description: str,
    *,
    higher_is_better: bool = True,
    per_customer: bool = True,
) -> Callable[[Callable[..., Values]], Callable[..., Values]]:
    """Register the decorated function as the metric ``name``.

    Raises
    ------
    ValueError
        If the name is taken.
    """

    def register(compute: Callable[..., Values]) -> Callable[..., Values]:
        if name in _METRICS:
            raise ValueError(f"metric {name!r} is already registered")
        _METRICS[name] = Metric(name, kind, description, compute, higher_is_better, per_customer)
        return compute

    return register


def registered() -> dict[str, Metric]:
    """Return all metrics by name, in the order they were declared."""
    return dict(_METRICS)


def is_error(name: str) -> bool:
    """Whether the metric ``name`` is one of ratings: better when small, and of no list."""
    found = _METRICS.get(name)
    return found is not None and found.kind == "rating"


def metrics_of(kind: Kind) -> list[Metric]:
    """Return the metrics of one kind."""
    return [found for found in _METRICS.values() if found.kind == kind]
