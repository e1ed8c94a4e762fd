"""Comparisons of counts with 95 % intervals: rates of two periods, shares of two groups, lift."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, variance

from scipy.stats import binomtest, fisher_exact
from scipy.stats import t as student

LEVEL = 0.95
_FEW = 3  # values of a mean, with fewer nothing is compared


@dataclass(frozen=True)
class Compared:
    """A ratio or a difference with its interval.

    Parameters
    ----------
    value : float
        The estimate.
    low, high : float
        Ends of the 95 % interval.
    p_value : float
        Two-sided, of no difference.
    """

    value: float
    low: float
    high: float
    p_value: float

    @property
    def significant(self) -> bool:
        """Whether so large a difference is rarer than one in twenty by chance."""
        return self.p_value < 1 - LEVEL


def rate_ratio(now: int, days: float, before: int, days_before: float) -> Compared | None:
    """Compare the rates of two Poisson counts; None where nothing was counted or no time passed.

    Given their sum, the first count is binomial, so that the interval and the test are exact:
    Przyborowski and Wilenski, "Homogeneity of results in testing samples from Poisson series",
    Biometrika 31 (1940); Clopper and Pearson's interval is turned into one of the ratio.

    Parameters
    ----------
    now, before : int
        Counts.
    days, days_before : float
        Time in which they were counted.

    Returns
    -------
    Compared or None
        Rate now / rate before. The estimate adds one half to both counts where one is 0.

    Examples
    --------
    >>> found = rate_ratio(20, 28, 10, 28)
    >>> found.value, round(found.low, 2), round(found.high, 2)
    (2.0, 0.89, 4.78)
    """
    if now + before == 0 or days <= 0 or days_before <= 0:
        return None
    test = binomtest(now, now + before, days / (days + days_before))
    ends = test.proportion_ci(LEVEL, method="exact")
    low, high = (_odds(end) * days_before / days for end in (ends.low, ends.high))
    half = 0.0 if now and before else 0.5
    value = (now + half) / days / ((before + half) / days_before)
    return Compared(value, low, high, float(test.pvalue))


def share_difference(now: int, texts: int, before: int, texts_before: int) -> Compared | None:
    """Compare two shares; None where one has no texts.

    The interval is Newcombe's (Statistics in Medicine 17, 1998, method 10: Wilson's score
    intervals of both), the p-value Fisher's exact one.

    Returns
    -------
    Compared or None
        Share now - share before.
    """
    if texts <= 0 or texts_before <= 0:
        return None
    one, other = (binomtest(now, texts), binomtest(before, texts_before))
    this, that = (test.proportion_ci(LEVEL, method="wilson") for test in (one, other))
    p, q = now / texts, before / texts_before
    down = math.hypot(p - this.low, that.high - q)
    up = math.hypot(this.high - p, q - that.low)
    table = [[now, texts - now], [before, texts_before - before]]
    return Compared(p - q, p - q - down, p - q + up, float(fisher_exact(table).pvalue))


def mean_difference(now: Sequence[float], before: Sequence[float]) -> Compared | None:
    """Compare two means; None where either has fewer than three values or none differs.

    Welch, "The generalization of 'Student's' problem when several different population variances
    are involved", Biometrika 34 (1947).

    Returns
    -------
    Compared or None
        Mean now - mean before.

    Examples
    --------
    >>> found = mean_difference([4.0, 5.0, 6.0], [1.0, 2.0, 3.0])
    >>> found.value, round(found.low, 2), round(found.high, 2)
    (3.0, 0.73, 5.27)
    """
    if min(len(now), len(before)) < _FEW or len({*now}) + len({*before}) <= 2:  # noqa: PLR2004
        return None
    this, that = (variance(side) / len(side) for side in (now, before))
    spread = this**2 / (len(now) - 1) + that**2 / (len(before) - 1)
    shape = student((this + that) ** 2 / spread)
    value, error = fmean(now) - fmean(before), math.sqrt(this + that)
    wide = float(shape.ppf((1 + LEVEL) / 2)) * error
    p_value = 2 * float(shape.sf(abs(value) / error))
    return Compared(value, value - wide, value + wide, p_value)


def lift(
    inside: int, texts: int, outside: int, others: int, level: float = LEVEL
) -> tuple[float, float, float]:
    """Return the share inside a need / the share elsewhere, with its interval.

    The interval is that of the logarithm of a ratio of two shares: Katz and others, Biometrics 34
    (1978); half a text is added everywhere where there is none elsewhere (Walter, 1975).

    Parameters
    ----------
    inside, texts : int
        Texts of the need with the property, and all of the need.
    outside, others : int
        Texts that do not carry the need with the property, and all of these.
    level : float
        Of the interval.

    Examples
    --------
    >>> [round(number, 2) for number in lift(20, 40, 40, 160)]
    [2.0, 1.33, 3.01]
    """
    half = 0.0 if outside else 0.5
    a, n, b, m = inside + half, texts + half, outside + half, others + half
    ratio = (a / n) / (b / m)
    error = math.sqrt(max(1 / a - 1 / n + 1 / b - 1 / m, 0.0))
    wide = math.exp(NormalDist().inv_cdf((1 + level) / 2) * error)
    return ratio, ratio / wide, ratio * wide


def _odds(share: float) -> float:
    return math.inf if share >= 1 else share / (1 - share)
