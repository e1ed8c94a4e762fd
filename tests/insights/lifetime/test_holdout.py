"""Histories folded from purchases and errors of a holdout, worked out by hand."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
import pytest

from insights.lifetime.buying import Buying
from insights.lifetime.estimate import BANDS, ONCE, Models, bands, estimated, tenths
from insights.lifetime.histories import Histories, fold
from insights.lifetime.holdout import Figure, Held
from insights.lifetime.settings import LifetimeSettings
from insights.lifetime.spending import Spending
from tests.insights.lifetime.drawn import TRUE

BOUGHT = pd.DataFrame(
    [
        ("ann", "shop", 10, 5.0),
        ("ann", "shop", 10, 7.0),
        ("ann", "simulated", 14, 0.0),
        ("ann", "shop", 20, 30.0),
        ("ann", "shop", 24, 9.0),
        ("bob", "shop", 12, np.nan),
        ("cid", "shop", 21, 3.0),
        ("dot", "simulated-2", 20, 4.0),
    ],
    columns=["customer_id", "source", "day", "spent"],
)


def folded(end: int, later: int | None = None) -> pd.DataFrame:
    rows = ibis.memtable(BOUGHT, schema={"customer_id": "string", "source": "string",
                                         "day": "int64", "spent": "float64"})  # fmt: skip
    return fold(rows, end, later).order_by("customer_id").to_pandas().set_index("customer_id")


def test_purchases_of_a_day_are_one_and_the_future_is_not_known() -> None:
    found = folded(20, 24)
    assert found.index.tolist() == ["ann", "bob", "dot"]
    columns = ["frequency", "recency", "age", "valued", "bought_later", "spent_later"]
    assert found.loc["ann", columns].tolist() == [2, 10, 10, 2, 1, 9.0]
    assert found.loc["ann", "value"] == 21.0  # of 12 and 30; nothing was paid on day 14
    assert found.loc["bob", columns].tolist() == [0, 0, 8, 0, 0, 0.0]
    assert np.isnan(found.loc["bob", "value"])
    assert found["source"].tolist() == ["shop", "shop", "simulated-2"]
    assert found["simulated"].tolist() == [True, False, True]
    assert folded(24).loc["ann", ["frequency", "bought_later"]].tolist() == [3, 0]
    assert Histories.of(found).age.tolist() == [10, 8, 0]


def test_naive_rules_and_errors_are_those_worked_out_by_hand() -> None:
    known = folded(20, 24)
    told = {"expected_purchases": np.array([2.0, 0.5, 0.0]), "p_buys": np.array([0.5, 0.5, 0.0]),
            "purchase_value": np.array([10.0, 10, 10]), "expected_spend": np.zeros(3)}  # fmt: skip
    held = Held.of(known, told, 4)
    assert held.came.tolist() == [1, 0, 0]
    assert held.rate.tolist() == [2 * 4 / 10, 0, 0]
    assert held.recent.tolist() == held.rate.tolist()  # ann bought on the last day
    assert held.rate_spend.tolist() == [0.8 * 21, 0, 0]
    assert held.silence.tolist() == [0, 8, 0]
    figures = held.columns()
    assert figures["mae"] == pytest.approx(1.5 / 3)
    assert figures["rate_mae"] == pytest.approx(0.2 / 3)
    assert figures["rmse"] == pytest.approx((1.25 / 3) ** 0.5)
    assert figures["expected_to_real"] == 2.5
    assert figures["spend_mae"] == 3.0
    assert figures["brier"] == pytest.approx((0.25 + 0.25 + 0) / 3)
    assert figures["share_brier"] == pytest.approx(2 / 9)
    assert figures["auc"] == 0.75  # one tie, one win
    assert figures["recency_auc"] == 0.75
    assert figures["rank_correlation"] == pytest.approx(3**0.5 / 2)


def test_a_mean_has_its_interval() -> None:
    told = Figure.of(np.array([1.0, 3.0, 5.0, 7.0]))
    aside = 1.96 * np.std([1, 3, 5, 7], ddof=1) / 2
    assert (told.value, told.low, told.high) == pytest.approx((4, 4 - aside, 4 + aside))


def test_value_is_purchases_times_money_discounted_month_by_month() -> None:
    probe = pd.DataFrame({"frequency": [0, 1, 3, 12], "recency": [0, 5, 200, 300],
                          "age": [30, 200, 210, 330], "valued": [0, 1, 3, 12],
                          "value": [np.nan, 20, 30, 40]})  # fmt: skip
    models = Models(Buying(0.8337861434, 21.21629003, 0.8985747387, 3.2314454071),
                    Spending(6.1921517046, 3.9708091827, 14.7008114206))  # fmt: skip
    told = estimated(probe, models, LifetimeSettings())
    # lifetimes 0.11.3, customer_lifetime_value(time=3, discount_rate=1.1 ** (30 / 365) - 1)
    assert told["clv"] == pytest.approx((34.2138436, 1.0560077, 33.0243413, 97.8131703), rel=1e-4)
    free = estimated(probe, models, LifetimeSettings(discount_rate=0))
    assert free["clv"] == pytest.approx(free["expected_spend"])
    whole = told["expected_purchases"] + told["purchases_at_risk"]
    assert told["p_alive"] * whole == pytest.approx(told["expected_purchases"])
    half = estimated(probe, models, LifetimeSettings(horizon_days=45))
    assert (half["clv"] < told["clv"]).all()
    unpaid = estimated(probe, Models(models.buying, None), LifetimeSettings())
    assert np.isnan(unpaid["clv"]).all()


def test_tenths_and_bands() -> None:
    assert tenths(np.arange(20.0)).tolist() == sorted([*range(1, 11)] * 2, reverse=True)
    assert tenths(np.zeros(3)).tolist() == [1, 4, 7]
    models = Models(Buying(**TRUE), None)
    alive, often = np.array([0, 0.2, 0.99, 1.0, 1.0]), np.array([1, 1, 1, 1, 0.0])
    assert bands(alive, often, models).tolist() == [BANDS[0], BANDS[1], BANDS[4], BANDS[4], ONCE]
    modified = Models(Buying(**TRUE, kind="mbg_nbd"), None)
    assert bands(alive, often, modified)[-1] == BANDS[4]
