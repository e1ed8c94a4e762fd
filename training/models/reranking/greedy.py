"""Choose a list one place at a time, each by relevance and by what is on the list already."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


class Bonus(Protocol):
    """What variety adds to every candidate at the present moment, and how that changes.

    Both must never grow while the list does, so that values along a list fall.
    """

    def now(self) -> Values:
        """Return what is added, [n, candidates]."""
        ...

    def take(self, places: NDArray[np.intp]) -> None:
        """Take candidate ``places[i]`` onto list i, [n]."""
        ...


def relevance_of(scores: NDArray[np.floating]) -> Values:
    """Put the scores of each row between 0 (its last candidate) and 1 (its first); NaN stays.

    Models score on scales of their own: only so does one weight mean the same for all of them. A
    row of equal scores becomes 1.
    """
    exact = scores.astype(np.float64)
    missing = np.isnan(exact)
    low = np.where(missing, np.inf, exact).min(axis=1, initial=np.inf)[:, None]
    high = np.where(missing, -np.inf, exact).max(axis=1, initial=-np.inf)[:, None]
    found = np.ones_like(exact)
    np.divide(exact - low, high - low, out=found, where=high > low)
    found[missing] = np.nan
    return found


def choose(
    relevance: Values, k: int, weight: float, bonus: Bonus
) -> tuple[NDArray[np.intp], Values]:
    """Take ``k`` candidates of each row, the one that is worth most at each step.

    A candidate is worth (1 - ``weight``) · relevance + ``weight`` · bonus; of equals the first
    candidate is taken.

    Returns
    -------
    tuple of ndarray
        Places of the candidates [n, k], -1 where there are no more, and what they were worth when
        they were taken [n, k], NaN where there are none.
    """
    n, width = relevance.shape
    free, rows = ~np.isnan(relevance), np.arange(n)
    base = (1 - weight) * np.nan_to_num(relevance)
    places = np.full((n, k), -1, dtype=np.intp)
    values = np.full((n, k), np.nan)
    for step in range(min(k, width)):
        worth = np.where(free, base + weight * bonus.now(), -np.inf)
        best = worth.argmax(axis=1)
        there = free[rows, best]
        places[there, step] = best[there]
        values[there, step] = worth[rows, best][there]
        free[rows, best] = False
        bonus.take(best)
    return places, values
