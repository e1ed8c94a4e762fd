"""What a bucket's count should have been: the same weekday and hour of earlier weeks.

The level of a slot of the week is the median of its counts in earlier weeks: one earlier spike or
one day off does not move it. Counts scatter around it as a negative binomial: their variance is
``level + dispersion * level ** 2``, with one dispersion for all slots of the weeks, since a single
slot has too few counts to tell. It is estimated by moments from squared deviations of which the
largest hundredth is left out (earlier incidents), scaled up for what that takes away from quiet
weeks. Without more scatter than chance the tail is that of a Poisson distribution. That the level
itself is uncertain widens the distribution by the variance of a median, pi / (2 weeks).

Noufaily et al., "An improved algorithm for outbreak detection in multiple surveillance systems",
Statistics in Medicine 32 (2013) 1206-1222, discusses quantiles of counts with overdispersion for
the same purpose; we have no regression and no trend: a business that grows shows as scatter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
SMALL = 5.0  # below it a median of counts is too coarse, the mean without the largest is taken
_KEPT = 0.99
_TRIMMED = 0.925  # variance left of a normal distribution without its outer hundredth


@dataclass(frozen=True)
class Expected:
    """The distribution of a count.

    Attributes
    ----------
    level : float
        Expected count.
    variance : float
        Of the count, the uncertainty of the level included.
    """

    level: float
    variance: float

    def p_at_least(self, count: float) -> float:
        """Return the probability of so many or more."""
        from scipy import stats  # noqa: PLC0415 (half a second, and only anomalies need it)

        if self.variance <= self.level:
            return float(stats.poisson.sf(count - 1, self.level))
        return float(stats.nbinom.sf(count - 1, *self._shape))

    def p_at_most(self, count: float) -> float:
        """Return the probability of so many or fewer."""
        from scipy import stats  # noqa: PLC0415

        if self.variance <= self.level:
            return float(stats.poisson.cdf(count, self.level))
        return float(stats.nbinom.cdf(count, *self._shape))

    @property
    def _shape(self) -> tuple[float, float]:
        more = self.variance - self.level
        return self.level**2 / more, self.level / self.variance


def level_of(history: Numbers) -> float:
    """Return the expected count of a slot from its counts in earlier weeks, at least two.

    Examples
    --------
    >>> level_of(np.array([30.0, 32.0, 29.0, 500.0]))
    31.0
    >>> level_of(np.array([0.0, 1.0, 0.0, 9.0])) == 1 / 3
    True
    """
    middle = float(np.median(history))
    if middle >= SMALL:
        return middle
    rest = (float(history.sum()) - float(history.max())) / (len(history) - 1)
    return max(rest, 1 / (len(history) + 1))  # nothing seen is no proof of never


def expected(history: Numbers, dispersion: float) -> Expected:
    """Return the distribution of the next count of a slot.

    Parameters
    ----------
    history : array of float64, shape (weeks,)
        Its counts in earlier weeks.
    dispersion : float
        As :func:`dispersion_of` returns it.
    """
    level = level_of(history)
    own = level + dispersion * level**2
    return Expected(level, own * (1 + math.pi / (2 * len(history))))


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
    kept = ratio <= np.quantile(ratio, _KEPT)
    more = squares[kept].sum() / _TRIMMED - level[kept].sum()
    return max(0.0, float(more / (level[kept] ** 2).sum()))
