"""What each customer will do: still there, purchases to come, and their value today."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from insights.lifetime.buying import Buying
from insights.lifetime.histories import Floats, Histories
from insights.lifetime.settings import LifetimeSettings
from insights.lifetime.spending import Spending

YEAR, MONTH = 365, 30  # days; money is discounted at the end of each month
TENTHS = 10
ONCE = "6 bought once: not told"
BANDS = ("1 under 20 %", "2 from 20 %", "3 from 40 %", "4 from 60 %", "5 from 80 %")


@dataclass(frozen=True)
class Models:
    """How a body of customers buys, leaves and spends.

    Parameters
    ----------
    buying : Buying
        Purchases.
    spending : Spending, optional
        Values of purchases; None where too few purchases have one.
    """

    buying: Buying
    spending: Spending | None

    @classmethod
    def fit(cls, customers: pd.DataFrame, wanted: LifetimeSettings) -> Models:
        """Return the models of customers as :func:`~insights.lifetime.histories.fold` gives them.

        Raises
        ------
        ValueError
            If fewer than ``least_repeaters`` bought on two days or more.
        """
        repeaters = int((customers["frequency"] > 0).sum())
        if repeaters < wanted.least_repeaters:
            raise ValueError(
                f"customer value and churn need {wanted.least_repeaters} customers with purchases "
                f"on two days or more (lifetime.least_repeaters), found {repeaters} among "
                f"{len(customers)} customers; load more events of kind purchase"
            )
        buying = Buying.fit(Histories.of(customers), kind=wanted.model, penalty=wanted.penalty)
        valued = customers[customers["valued"] > 0]
        if (valued["valued"] > 1).sum() < wanted.least_repeaters:
            return cls(buying, None)
        count, mean = (valued[name].to_numpy(np.float64) for name in ("valued", "value"))
        return cls(buying, Spending.fit(count, mean, penalty=wanted.penalty))


def estimated(
    customers: pd.DataFrame, models: Models, wanted: LifetimeSettings
) -> dict[str, Floats]:
    """Return what is expected of each of n customers, float64 [n] each.

    Parameters
    ----------
    customers : DataFrame
        As :func:`~insights.lifetime.histories.fold` gives them.
    models : Models
        Of the body of customers.
    wanted : LifetimeSettings
        Horizon and discount rate.

    Returns
    -------
    dict of str to array
        p_alive, p_buys (a purchase within the horizon), expected_purchases, purchase_value
        (expected mean value of a purchase), expected_spend, clv (the same, discounted),
        purchases_at_risk and value_at_risk (what would come, were they surely alive, less what
        is expected). Values are NaN without a model of spending.
    """
    histories, days = Histories.of(customers), float(wanted.horizon_days)
    alive = models.buying.alive(histories)
    ends = np.append(np.arange(MONTH, days, MONTH), days)
    sums = [models.buying.purchases_if_alive(histories, float(end)) for end in ends]
    steps = np.diff(np.stack([np.zeros(len(histories)), *sums]), axis=0)
    discounted = (1 + wanted.discount_rate) ** (-ends / YEAR) @ steps
    worth = np.full(len(histories), np.nan)
    if models.spending is not None:
        count, mean = (customers[name].to_numpy(np.float64) for name in ("valued", "value"))
        worth = models.spending.mean(count, mean)
    return {
        "p_alive": alive,
        "p_buys": models.buying.buys(histories, days),
        "expected_purchases": alive * sums[-1],
        "purchase_value": worth,
        "expected_spend": alive * sums[-1] * worth,
        "clv": alive * discounted * worth,
        "purchases_at_risk": (1 - alive) * sums[-1],
        "value_at_risk": (1 - alive) * discounted * worth,
    }


def tenths(numbers: Floats) -> np.ndarray:
    """Return the tenth of each number, 1 the highest, int64 [n]; ties are parted by their order."""
    ranks = np.empty(len(numbers), np.int64)
    ranks[np.argsort(-numbers, kind="stable")] = np.arange(len(numbers))
    return ranks * TENTHS // max(len(numbers), 1) + 1


def bands(alive: Floats, frequency: Floats, models: Models) -> np.ndarray:
    """Return the band of each probability to be alive, str [n].

    Whoever bought once has a band of their own under BG/NBD, which takes them to be alive.
    """
    places = np.minimum((alive * len(BANDS)).astype(np.int64), len(BANDS) - 1)
    found = np.array(BANDS, dtype=object)[places]
    if models.buying.kind == "bg_nbd":
        found[frequency == 0] = ONCE
    return found
