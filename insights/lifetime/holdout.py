"""How far such estimates were off: what was expected at a cutoff, and what came after it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from insights.lifetime.histories import Floats

LEVEL = 1.96  # standard errors on either side, 95 %


@dataclass(frozen=True)
class Figure:
    """A mean over customers with its 95 % interval (normal approximation)."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, each: Floats) -> Figure:
        """Return the mean of a number of each customer."""
        mean = float(each.mean())
        aside = LEVEL * float(each.std(ddof=1)) / len(each) ** 0.5 if len(each) > 1 else np.inf
        return cls(mean, mean - aside, mean + aside)


@dataclass(frozen=True)
class Held:
    """Expected and real purchases of n customers in days held out; float64 [n] each.

    Parameters
    ----------
    expected, came : array
        Days with a purchase.
    buys : array
        Probability of any.
    rate : array
        Naive: the same rate as so far.
    recent : array
        Naive: the same rate as so far for who bought within as many days before the cutoff, none
        for others.
    silence : array
        Days since the last purchase, at the cutoff.
    spend, spent, rate_spend : array
        Expected and real value, and the same rate of spending as so far; NaN without values.
    """

    expected: Floats
    came: Floats
    buys: Floats
    rate: Floats
    recent: Floats
    silence: Floats
    spend: Floats
    spent: Floats
    rate_spend: Floats

    @classmethod
    def of(cls, customers: pd.DataFrame, told: dict[str, Floats], days: int) -> Held:
        """Lay estimates beside what came.

        Parameters
        ----------
        customers : DataFrame
            As :func:`~insights.lifetime.histories.fold` gives them, with what came later.
        told : dict of str to array
            As :func:`~insights.lifetime.estimate.estimated` gives it.
        days : int
            Length of the time held out.
        """
        columns = ("frequency", "age", "recency", "valued", "value")
        x, age, recency, valued, value = (customers[name].to_numpy(np.float64) for name in columns)
        rate = np.divide(x * days, age, out=np.zeros_like(x), where=age > 0)
        worth = np.where(valued > 0, value, 0.0) + told["purchase_value"] * 0  # NaN without values
        return cls(
            expected=told["expected_purchases"],
            came=customers["bought_later"].to_numpy(np.float64),
            buys=told["p_buys"],
            rate=rate,
            recent=np.where(age - recency <= days, rate, 0.0),
            silence=age - recency,
            spend=told["expected_spend"],
            spent=customers["spent_later"].to_numpy(np.float64),
            rate_spend=rate * worth,
        )

    @property
    def customers(self) -> int:
        """How many customers were known at the cutoff."""
        return len(self.came)

    def absolute(self, name: str) -> Floats:
        """Return absolute errors of ``expected``, ``rate``, ``recent``, ``spend``, ``rate_spend``.

        The last two are of money, the others of purchases.
        """
        real = self.spent if name.endswith("spend") else self.came
        return np.asarray(np.abs(getattr(self, name) - real))

    def mae(self, name: str) -> Figure:
        """Return the mean absolute error of one of them."""
        return Figure.of(self.absolute(name))

    def rmse(self, name: str) -> float:
        """Return the root mean squared error of one of them."""
        return float((self.absolute(name) ** 2).mean() ** 0.5)

    def rank_correlation(self, name: str) -> float:
        """Return Spearman's correlation with what came; NaN where one of both never varies."""
        real = rankdata(self.came)
        said = rankdata(getattr(self, name))
        spread = float(real.std() * said.std())
        return float(np.cov(real, said, ddof=0)[0, 1]) / spread if spread else float("nan")

    @property
    def brier(self) -> Figure:
        """Mean squared error of the probability of a purchase."""
        return Figure.of((self.buys - (self.came > 0)) ** 2)

    @property
    def share_brier(self) -> float:
        """The same, had everybody been given the share that bought."""
        share = float((self.came > 0).mean())
        return share * (1 - share)

    def auc(self, by: Floats) -> float:
        """Return how often a number is higher for who bought than for who did not; ties half.

        NaN where all bought or none did.
        """
        bought = self.came > 0
        ones, others = int(bought.sum()), int((~bought).sum())
        if not ones or not others:
            return float("nan")
        return float(rankdata(by)[bought].sum() - ones * (ones + 1) / 2) / (ones * others)

    def columns(self) -> dict[str, float]:
        """Return the figures that stand beside every row of a finding."""
        return {
            "held_out_customers": float(self.customers),
            "expected_to_real": _over(self.expected.sum(), self.came.sum()),
            "mae": self.mae("expected").value,
            "rate_mae": self.mae("rate").value,
            "recency_mae": self.mae("recent").value,
            "rmse": self.rmse("expected"),
            "rate_rmse": self.rmse("rate"),
            "recency_rmse": self.rmse("recent"),
            "rank_correlation": self.rank_correlation("expected"),
            "rate_rank_correlation": self.rank_correlation("rate"),
            "spend_mae": self.mae("spend").value,
            "rate_spend_mae": self.mae("rate_spend").value,
            "brier": self.brier.value,
            "share_brier": self.share_brier,
            "auc": self.auc(self.buys),
            "recency_auc": self.auc(-self.silence),
        }


def _over(expected: float, real: float) -> float:
    return float(expected / real) if real else float("nan")
