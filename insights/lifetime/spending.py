"""How much customers spend a purchase: the Gamma-Gamma model (Fader and Hardie, 2013).

Each customer spends around a mean of their own, and means differ from customer to customer. The
mean of few purchases is drawn towards that of all customers. How much and how often are taken to be
independent: look at their correlation.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np
from scipy.special import digamma, gammaln

from insights.lifetime.histories import Floats, counted
from insights.lifetime.maximum import parameters

_STARTS = ((1.0, 3.0, 1.0), (5.0, 2.0, 0.2), (0.5, 10.0, 10.0))


@dataclass(frozen=True)
class Spending:
    """How a body of customers spends.

    Parameters
    ----------
    p : float
        Shape of the values of one customer's purchases.
    q, v : float
        Shape, and rate in money, of how customers differ; q above 1, since else no mean exists.

    Raises
    ------
    ValueError
        If a parameter is not a number above 0, or q not above 1.
    """

    p: float
    q: float
    v: float

    def __post_init__(self) -> None:
        numbers = astuple(self)
        if not all(np.isfinite(number) and number > 0 for number in numbers) or self.q <= 1:
            raise ValueError(f"expected p and v above 0 and q above 1, got {numbers}")

    @property
    def population_mean(self) -> float:
        """Expected value of a purchase of somebody unknown."""
        return self.p * self.v / (self.q - 1)

    @classmethod
    def fit(cls, count: Floats, mean: Floats, *, penalty: float = 0.0) -> Spending:
        """Return the parameters of the greatest likelihood, the best of several starts.

        Parameters
        ----------
        count : array
            Purchases with a value of each of n customers, 1 or more; float64 [n].
        mean : array
            Their mean value, above 0; float64 [n].
        penalty : float
            Times the sum of squared parameters, added to the mean negative log-likelihood; values
            are scaled so that their mean over customers is 1.

        Raises
        ------
        ValueError
            If a count or mean is not above 0, nobody has two purchases, or no start leads to an
            end.
        """
        if not ((count >= 1).all() and (mean > 0).all() and (count > 1).any()):
            raise ValueError(
                f"{len(count)} customers: expected a value above 0 of each, and some with two "
                "purchases that have one"
            )
        scale = float(mean.mean())
        scaled = mean / scale

        def cost(logs: Floats) -> tuple[float, Floats]:
            p, q, v = np.exp(logs) + (0, 1, 0)  # noqa: RUF005 - a sum of numbers
            likelihood, slope = cls(p, q, v)._likelihood(count, scaled)
            numbers = np.array([p, q, v])
            down = 2 * penalty * numbers - slope.mean(axis=1)
            return float(penalty * (numbers**2).sum() - likelihood.mean()), down * np.exp(logs)

        p, q, v = parameters(cost, _STARTS, f"Gamma-Gamma, {len(count)} customers")
        return cls(p, q + 1, v * scale)

    def mean(self, count: Floats, mean: Floats) -> Floats:
        """Return the expected value of each customer's next purchase, float64 [n].

        Parameters
        ----------
        count : array
            Purchases with a value so far, 0 or more.
        mean : array
            Their mean; whatever it is where there are none.
        """
        known = np.where(count > 0, count * mean, 0.0)
        return np.asarray(self.p * (self.v + known) / (self.p * count + self.q - 1))

    def _likelihood(self, count: Floats, mean: Floats) -> tuple[Floats, Floats]:
        """Return log-likelihoods [n] and their slopes by p, q and v [3, n]."""
        p, q, v = self.p, self.q, self.v
        shape, total = p * count, count * mean
        spread = np.log(total + v)
        likelihood = (
            counted(lambda n: gammaln(p * n + q) - gammaln(p * n), count) - gammaln(q)
            + q * np.log(v) + shape * np.log(total) - np.log(mean) - (shape + q) * spread
        )  # fmt: skip
        ends = counted(lambda n: digamma(p * n + q), count)
        slopes = (
            count * (ends - counted(lambda n: digamma(p * n), count) + np.log(total) - spread),
            ends - digamma(q) + np.log(v) - spread,
            q / v - (shape + q) / (total + v),
        )
        return likelihood, np.stack(slopes)
