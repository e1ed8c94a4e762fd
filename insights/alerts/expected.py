"""What a bucket's count should have been: the same weekday and hour of earlier weeks.

The level of a slot of the week comes from the median of its counts in earlier weeks: one earlier
spike or one day off does not move it. Counts scatter around the level as a negative binomial: their
variance is ``level + dispersion * level ** 2``, with one dispersion for all slots of the weeks,
since a single slot has too few counts to tell. It is estimated by moments, twice: the second time
without the buckets that the first estimate calls impossible (earlier incidents). Without more
scatter than chance the distribution is Poisson's. The level itself is known from a few weeks only:
tails are averaged over a log-normal level with the variance of a median, pi / (2 weeks) times that
of a count, by Gauss-Hermite quadrature. A median lies below the mean of a skewed distribution by
about a sixth of its third central moment over its variance, which is added.

Noufaily et al., "An improved algorithm for outbreak detection in multiple surveillance systems",
Statistics in Medicine 32 (2013) 1206-1222, discusses quantiles of counts with overdispersion for
the same purpose; we have no regression and no trend: a business that grows shows as scatter.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Tail = Callable[[Numbers, Numbers, float], Numbers]
SMALL = 5.0  # below it a median of counts is too coarse, the mean without the largest is taken
_KEPT = 0.99
_TRIMMED = 0.925  # variance left of a normal distribution without its outer hundredth
_IMPOSSIBLE = 0.001
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(24)


@dataclass(frozen=True)
class Expected:
    """The distribution of a count.

    Attributes
    ----------
    level : float
        Expected count.
    dispersion : float
        How much more than chance counts scatter, 0 or more.
    spread : float
        Standard deviation of the logarithm of the level, which is not known exactly.
    """

    level: float
    dispersion: float
    spread: float

    def p_at_least(self, count: float) -> float:
        """Return the probability of so many or more."""
        return self._averaged(_at_least, count)

    def p_at_most(self, count: float) -> float:
        """Return the probability of so many or fewer."""
        return self._averaged(_at_most, count)

    def _averaged(self, tail: Tail, count: float) -> float:
        levels = self.level * np.exp(self.spread * _NODES - self.spread**2 / 2)
        found = tail(np.full(len(levels), count), levels, self.dispersion)
        return float(np.average(found, weights=_WEIGHTS))


def expected(history: Numbers, dispersion: float) -> Expected:
    """Return the distribution of the next count of a slot.

    Parameters
    ----------
    history : array of float64, shape (weeks,)
        Its counts in earlier weeks, at least two.
    dispersion : float
        As :func:`dispersion_of` returns it.
    """
    level = level_of(history, dispersion)
    variance = (1 / level + dispersion) * math.pi / (2 * len(history))  # relative, of a median
    return Expected(level, dispersion, math.sqrt(math.log1p(variance)))


def level_of(history: Numbers, dispersion: float = 0.0) -> float:
    """Return the expected count of a slot from its counts in earlier weeks, at least two.

    Examples
    --------
    >>> round(level_of(np.array([30.0, 32.0, 29.0, 500.0])), 2)
    31.17
    >>> level_of(np.array([0.0, 1.0, 0.0, 9.0])) == 1 / 3
    True
    """
    middle = float(np.median(history))
    if middle >= SMALL:
        return middle + (1 + 2 * dispersion * middle) / 6
    rest = (float(history.sum()) - float(history.max())) / (len(history) - 1)
    return max(rest, 1 / (len(history) + 1))  # nothing seen is no proof of never


def dispersion_of(counts: Numbers, slots: NDArray[np.int64]) -> float:
    """Return how much more than chance counts scatter around the level of their slot, 0 or more.

    Parameters
    ----------
    counts : array of float64, shape (buckets,)
        Counts of some weeks.
    slots : array of int64, shape (buckets,)
        Slot of the week of each.
    """
    table = pd.DataFrame({"count": counts, "slot": slots})
    by_slot = table.groupby("slot")["count"]
    weeks = by_slot.transform("size").to_numpy(np.float64)
    middle = by_slot.transform("median").to_numpy(np.float64)
    mean = by_slot.transform("mean").to_numpy(np.float64)
    level = np.where(middle >= SMALL, middle, mean)
    usable = (weeks > 1) & (level > 0)
    if not usable.any():
        return 0.0
    weeks, level, counts = weeks[usable], level[usable], counts[usable]
    squares = (counts - level) ** 2 * weeks / (weeks - 1)
    ratio = squares / level
    usual = ratio <= np.quantile(ratio, _KEPT)
    first = _moments(squares[usual] / _TRIMMED, level[usual])
    possible = _at_least(counts, level, first) >= _IMPOSSIBLE
    return _moments(squares[possible], level[possible])


def _moments(squares: Numbers, level: Numbers) -> float:
    return max(0.0, float((squares - level).sum() / (level**2).sum()))


def _at_least(count: Numbers, level: Numbers, dispersion: float) -> Numbers:
    """Return the probability of so many or more, 1 for none or more."""
    from scipy import special  # noqa: PLC0415 (only anomalies need it)

    some = np.maximum(count, 1.0)
    if dispersion == 0:
        found = special.gammainc(some, level)
    else:
        size = 1 / dispersion
        found = special.betainc(some, size, level / (size + level))
    return np.where(count <= 0, 1.0, found)


def _at_most(count: Numbers, level: Numbers, dispersion: float) -> Numbers:
    return 1 - _at_least(count + 1, level, dispersion)
