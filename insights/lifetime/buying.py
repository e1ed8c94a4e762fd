"""Who is still a customer, and how often they will buy: BG/NBD and its modified form.

Fader, Hardie and Lee (2005), "Counting Your Customers" the Easy Way: while they are customers,
people buy at random at a rate of their own (Gamma), and after each purchase they leave with a
chance of their own (Beta). BG/NBD lets nobody leave before the second purchase, so that whoever
bought once counts as alive for ever; MBG/NBD (Batislam, Denizel and Filiztekin, 2007) lets people
leave after the first purchase too. Both are one formula: k chances to leave, k = x or x + 1.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Literal

import numpy as np
from scipy.special import digamma, expit, gammaln

from insights.lifetime.histories import Floats, Histories, counted, distinct
from insights.lifetime.maximum import parameters
from insights.lifetime.quadrature import beta_nodes

Kind = Literal["bg_nbd", "mbg_nbd"]
_SCALE = 1.0  # the longest history during a fit, as the penalty sees it
_STARTS = ((0.5, 0.2, 0.5, 2.0), (1.0, 0.1, 1.0, 1.0), (0.1, 0.1, 0.1, 0.1))


@dataclass(frozen=True)
class Buying:
    """How a body of customers buys and leaves.

    Parameters
    ----------
    r, alpha : float
        Shape, and rate in days, of the Gamma distribution of purchases a day.
    a, b : float
        Of the Beta distribution of the chance to leave after a purchase.
    kind : {"bg_nbd", "mbg_nbd"}
        Whether nobody, or anybody, may leave after the first purchase.

    Raises
    ------
    ValueError
        If a parameter is not a number above 0.
    """

    r: float
    alpha: float
    a: float
    b: float
    kind: Kind = "bg_nbd"

    def __post_init__(self) -> None:
        numbers = astuple(self)[:4]
        if not all(np.isfinite(number) and number > 0 for number in numbers):
            raise ValueError(f"expected r, alpha, a and b above 0, got {numbers}")

    @classmethod
    def fit(cls, histories: Histories, *, kind: Kind = "bg_nbd", penalty: float = 0.0) -> Buying:
        """Return the parameters of the greatest likelihood, the best of several starts.

        Parameters
        ----------
        histories : Histories
            Of n customers.
        kind : {"bg_nbd", "mbg_nbd"}
            Which model.
        penalty : float
            Times the sum of squared parameters, added to the mean negative log-likelihood; keeps
            them small where customers are few. Time is scaled so that the longest history is 1.

        Raises
        ------
        ValueError
            If nobody bought twice, or no start leads to an end.
        """
        if not (histories.frequency > 0).any():
            raise ValueError(f"{len(histories)} customers, none of whom bought on two days")
        scale = _SCALE / float(histories.age.max())
        rows, counts, _ = distinct(histories.frequency, histories.recency, histories.age)
        seen = Histories(rows[0], rows[1] * scale, rows[2] * scale)
        shares = counts / counts.sum()

        def cost(logs: Floats) -> tuple[float, Floats]:
            r, alpha, a, b = np.exp(logs).tolist()
            told = cls(r, alpha, a, b, kind)
            likelihood, slope = told._likelihood(seen)
            numbers = np.exp(logs)
            down = -slope @ shares + 2 * penalty * numbers
            return float(penalty * (numbers**2).sum() - likelihood @ shares), down * numbers

        r, alpha, a, b = parameters(cost, _STARTS, f"{kind}, {len(histories)} customers")
        return cls(r, alpha / scale, a, b, kind)

    def alive(self, histories: Histories) -> Floats:
        """Return the probability that each is still a customer, float64 [n].

        1 for who bought once, by the assumption of BG/NBD.
        """
        return np.asarray(expit(-self._gone(histories)), dtype=np.float64)

    def purchases_if_alive(self, histories: Histories, days: float) -> Floats:
        """Return the expected purchases of the next days, were each still a customer, [n]."""
        (often, age), _, places = distinct(histories.frequency, histories.age)
        found = np.empty(len(often))
        for times in np.unique(often):
            which = often == times
            chance, weights = beta_nodes(self.a, self.b + float(self._chances(times)))
            grown = np.log1p(np.outer(days / (self.alpha + age[which]), chance))
            bought = -np.expm1(-(self.r + times) * grown)
            # What is bought before leaving, over the chance to leave; the rate where that is 0.
            tiny = chance < np.finfo(np.float64).tiny
            rate = (self.r + times) * days / (self.alpha + age[which])
            each = np.where(tiny, rate[:, None], bought / np.where(tiny, 1, chance))
            found[which] = each @ weights
        return found[places]

    def expected(self, histories: Histories, days: float) -> Floats:
        """Return the expected purchases of the next days, float64 [n]."""
        return self.alive(histories) * self.purchases_if_alive(histories, days)

    def buys(self, histories: Histories, days: float) -> Floats:
        """Return the probability of a purchase within the next days, float64 [n]."""
        grown = np.log1p(days / (self.alpha + histories.age))
        none = -np.expm1(-(self.r + histories.frequency) * grown)
        return np.asarray(self.alive(histories) * none, dtype=np.float64)

    def _chances(self, frequency: Floats | float) -> Floats:
        """Return the purchases after which a customer could leave and did not, but the last."""
        return np.asarray(frequency, dtype=np.float64) + (self.kind == "mbg_nbd")

    def _gone(self, histories: Histories) -> Floats:
        """Return the log odds of having left: minus infinity where nobody can have."""
        chances = self._chances(histories.frequency)
        able = chances > 0
        odds = np.full(len(histories), -np.inf)
        silent = np.log(self.alpha + histories.age) - np.log(self.alpha + histories.recency)
        told = (self.r + histories.frequency) * silent
        odds[able] = told[able] + np.log(self.a) - np.log(self.b + chances[able] - 1)
        return odds

    def _likelihood(self, histories: Histories) -> tuple[Floats, Floats]:
        """Return log-likelihoods [n] and their slopes by r, alpha, a and b [4, n].

        The stable form of Fader and Hardie (2013), "Overcoming the BG/NBD Model's #NUM! Error
        Problem": powers are left as logarithms.
        """
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        x, chances = histories.frequency, self._chances(histories.frequency)
        odds = self._gone(histories)
        gone = expit(odds)
        until, last = np.log(alpha + histories.age), np.log(alpha + histories.recency)
        likelihood = (
            counted(self._of_counts, x)
            + r * np.log(alpha)
            - (r + x) * until
            + np.logaddexp(0, odds)
        )
        after = np.where(chances > 0, b + chances - 1, 1.0)
        kept = (1 - gone) / (alpha + histories.age) + gone / (alpha + histories.recency)
        often = counted(lambda x: digamma(r + x) - digamma(r), x)
        ends = digamma(a + b) - counted(lambda k: digamma(a + b + k), chances)
        stays = counted(lambda k: digamma(b + k) - digamma(b), chances)
        slopes = (
            often + np.log(alpha) - (1 - gone) * until - gone * last,
            r / alpha - (r + x) * kept,
            ends + gone / a,
            ends + stays - gone / after,
        )
        return likelihood, np.stack(slopes)

    def _of_counts(self, frequency: Floats) -> Floats:
        """Return the part of the log-likelihood that depends on the number of purchases alone."""
        r, a, b, chances = self.r, self.a, self.b, self._chances(frequency)
        rates = gammaln(r + frequency) - gammaln(r)
        stays = gammaln(a + b) - gammaln(b) + gammaln(b + chances) - gammaln(a + b + chances)
        return np.asarray(rates + stays, dtype=np.float64)
