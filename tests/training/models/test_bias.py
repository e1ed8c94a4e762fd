"""Biases: the contract, the exact solution, unknown pairs, and the errors of an evaluation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from tests.contracts.recommender import RecommenderContract, checkerboard
from training.evaluate import evaluate
from training.interactions import Interactions
from training.models.base import Recommender
from training.models.bias import Bias
from training.models.fallback import WithFallback
from training.models.popular import RecentPopularity
from training.splits import LeaveLastOut

START = datetime(2024, 1, 1, tzinfo=UTC)


def ratings(customers: int = 12, items: int = 9, seed: int = 0) -> Interactions:
    """Return ratings of 3 + bias of customer + bias of item, for about half of the pairs."""
    rng = np.random.default_rng(seed)
    of_customers, of_items = rng.normal(0, 0.5, customers), rng.normal(0, 0.5, items)
    rows = [
        (f"c{c:02d}", f"i{i:02d}", 3 + of_customers[c] + of_items[i])
        for c in range(customers)
        for i in range(items)
        if rng.random() < 0.6
    ]
    frame = pd.DataFrame(rows, columns=["customer_id", "item_id", "value"])
    frame["occurred_at"] = [START + timedelta(minutes=n) for n in range(len(frame))]
    return Interactions.of(frame)


class TestBias(RecommenderContract):
    personal = False

    @classmethod
    def make(cls) -> Recommender:
        return Bias()

    def test_the_better_rated_come_first(self, fitted: Recommender) -> None:
        best = fitted.recommend(["c000"], 24, exclude_seen=False)
        numbers = best["item_id"].str[1:].astype(int)
        assert (numbers[:12] % 2 == 1).all()  # odd items have 5, even ones 4


def test_biases_solve_the_ridge_regression() -> None:
    """The alternating rounds end where one linear system over all biases does."""
    data = ratings()
    found = data.csr("value").tocoo()
    n, m = found.shape
    design = np.zeros((len(found.data), n + m))
    design[np.arange(len(found.data)), found.row] = 1
    design[np.arange(len(found.data)), n + found.col] = 1
    penalty = np.diag([2.0] * n + [5.0] * m)
    mean = found.data.astype(np.float64).mean()
    exact = np.linalg.solve(design.T @ design + penalty, design.T @ (found.data - mean))
    model = Bias(customer_regularization=2.0, item_regularization=5.0, tolerance=1e-9).fit(data)
    arrays = model._arrays()
    np.testing.assert_allclose(arrays["customers"], exact[:n], atol=1e-4)
    np.testing.assert_allclose(arrays["items"], exact[n:], atol=1e-4)


def test_without_a_penalty_additive_ratings_are_found_exactly() -> None:
    data = ratings()
    model = Bias(
        customer_regularization=0.0, item_regularization=0.0, iterations=2000, tolerance=1e-9
    ).fit(data)
    rows = data.frame
    predicted = model.predict(rows["customer_id"].tolist(), rows["item_id"].tolist())
    np.testing.assert_allclose(predicted, rows["value"], atol=1e-3)
    scores = model.scores(["c00"])[0]
    np.testing.assert_allclose(
        scores, model.predict(["c00"] * len(scores), model.items.ids.tolist()), atol=1e-6
    )


def test_what_is_unknown_strays_by_nothing() -> None:
    model = Bias().fit(ratings())
    both, customer, item = model.predict(["nobody", "nobody", "c00"], ["nothing", "i00", "nothing"])
    arrays = model._arrays()
    assert both == arrays["mean"][0]
    assert customer == pytest.approx(arrays["mean"][0] + arrays["items"][0])
    assert item == pytest.approx(arrays["mean"][0] + arrays["customers"][0])


def test_more_penalty_means_less_bias() -> None:
    weak, strong = (
        np.abs(Bias(item_regularization=value).fit(ratings())._arrays()["items"]).sum()
        for value in (1.0, 100.0)
    )
    assert strong < weak / 5


def test_errors_are_measured_also_behind_a_fallback() -> None:
    split = LeaveLastOut().splits(ratings(40, 20))[0]
    alone = evaluate(Bias().fit(split.train), split, "again", 5)
    model = WithFallback(primary=Bias(), fallback=RecentPopularity()).fit(split.train)
    behind = evaluate(model, split, "again", 5)
    assert 0 < alone.summary["rmse"].value < 0.5
    assert behind.summary["rmse"].value == alone.summary["rmse"].value
    assert behind.summary["mae"].low <= behind.summary["mae"].value
    assert "rmse" not in evaluate(RecentPopularity().fit(split.train), split, "again", 5).summary


def test_without_ratings_there_is_nothing_to_learn() -> None:
    data = Interactions.of(checkerboard(6).frame.assign(value=np.nan))
    with pytest.raises(ValueError, match="no row has a value"):
        Bias().fit(data)
