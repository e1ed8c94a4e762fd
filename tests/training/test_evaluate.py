"""Evaluation by an oracle, by the protocol, and against leaks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training.evaluate import Strata, evaluate, relevant_pairs
from training.ids import FloatArray, IntArray
from training.interactions import Interactions
from training.models.base import Recommender
from training.models.fallback import WithFallback
from training.models.frequency import OwnFrequency
from training.models.popular import RecentPopularity
from training.splits import GlobalTemporal, Split

T0 = datetime(2024, 1, 1, tzinfo=UTC)
CUTOFF = T0 + timedelta(days=30)


class Oracle(Recommender):
    """Reads the test: what a leak looks like, and the best any model can reach."""

    predicts_ratings = True

    def __init__(self, *, test: pd.DataFrame) -> None:
        self.test = test

    def _fit(self, matrix: csr_matrix, interactions: Interactions, features: object) -> None:
        self._answers = np.zeros(matrix.shape, dtype=np.float32)
        rows = self.customers.numbers(self.test["customer_id"].to_numpy(), missing="negative")
        self._answers[rows, self.items.numbers(self.test["item_id"].to_numpy())] = 1

    def _score(self, numbers: IntArray, histories: csr_matrix, features: object) -> FloatArray:
        return self._answers[numbers]

    def predict(self, customers: object, items: object) -> FloatArray:
        return self.test["value"].to_numpy(dtype=np.float32) + 0.5

    def _arrays(self) -> Mapping[str, NDArray[Any]]:
        return {}

    def _restore(self, arrays: Mapping[str, NDArray[Any]]) -> None: ...


@pytest.fixture(scope="module")
def data() -> Interactions:
    rng = np.random.default_rng(0)
    n = 3000
    frame = pd.DataFrame(
        {
            "customer_id": [f"c{i:02d}" for i in rng.integers(0, 40, n)],
            "item_id": [f"i{i:03d}" for i in rng.integers(0, 120, n)],
            "occurred_at": [T0 + timedelta(minutes=int(m)) for m in rng.integers(0, 57600, n)],
            "value": rng.integers(1, 6, n).astype(float),
        }
    )
    return Interactions.of(frame)


@pytest.fixture(scope="module")
def split(data: Interactions) -> Split:
    return GlobalTemporal(cutoff=CUTOFF, window_days=10).splits(data)[0]


@pytest.mark.parametrize("task", ["discover", "again"])
def test_an_oracle_reaches_one(split: Split, task: str) -> None:
    found = evaluate(Oracle(test=split.test).fit(split.train), split, task, [5, 20])
    for name in ("recall@5", "ndcg@5", "map@20", "mrr@20", "hit_rate@5", "recall@20"):
        assert found.summary[name].value == pytest.approx(1), name
    assert found.summary["mse"].value == pytest.approx(0.25)
    assert found.summary["rmse"].value == pytest.approx(0.5)
    assert found.k == (5, 20)
    assert found.split_hash == split.hash


def test_tasks_differ_in_what_is_relevant_and_what_is_left_out(split: Split) -> None:
    had = set(zip(split.train.frame["customer_id"], split.train.frame["item_id"], strict=True))
    discover, again = relevant_pairs(split, "discover"), relevant_pairs(split, "again")
    asked = set(zip(discover["customer_id"], discover["item_id"], strict=True))
    assert not asked & had
    assert asked < set(zip(again["customer_id"], again["item_id"], strict=True))
    own = OwnFrequency().fit(split.train)
    assert evaluate(own, split, "discover").summary["recall@20"].value == 0
    assert evaluate(own, split, "again").summary["recall@20"].value > 0


def test_batches_do_not_matter(split: Split) -> None:
    model = RecentPopularity().fit(split.train)
    once, often = (evaluate(model, split, "again", 10, batch=size) for size in (1000, 7))
    pd.testing.assert_frame_equal(once.customers, often.customers)
    assert once.summary["ndcg@10"] == often.summary["ndcg@10"]


def test_recall_is_computed_as_said(split: Split) -> None:
    model = RecentPopularity().fit(split.train)
    found = evaluate(model, split, "discover", 10)
    relevant = relevant_pairs(split, "discover").groupby("customer_id")["item_id"].agg(set)
    for customer, wanted in relevant.items():
        shown = set(model.recommend([str(customer)], 10)["item_id"])
        expected = len(shown & wanted) / min(10, len(wanted))
        assert found.customers.loc[customer, "recall@10"] == pytest.approx(expected)


def test_a_model_fitted_past_the_cutoff_is_refused(data: Interactions, split: Split) -> None:
    with pytest.raises(ValueError, match="allows only data before"):
        evaluate(RecentPopularity().fit(data), split, "again")


def test_only_the_live_catalog_is_ranked(data: Interactions) -> None:
    gone = pd.DataFrame({"item_id": ["i000"], "available_from": [None], "available_until": [T0]})
    split = GlobalTemporal(cutoff=CUTOFF, window_days=10).splits(data, gone)[0]
    found = evaluate(RecentPopularity().fit(split.train), split, "again", 200)
    assert found.counts["catalog"] == len(split.train.items) - 1
    assert found.summary["coverage@200"].value == 1


def test_strata_and_counts(split: Split) -> None:
    lengths = split.train.frame.groupby("customer_id")["item_id"].nunique()
    strata = Strata(warm_from=int(lengths.quantile(0.3)), hot_from=int(lengths.quantile(0.7)))
    found = evaluate(RecentPopularity().fit(split.train), split, "again", strata=strata)
    assert set(found.strata) == {"cold", "warm", "hot"}
    assert sum(part["recall@20"].n for part in found.strata.values()) == found.counts["customers"]
    hot = found.customers[found.customers["stratum"] == "hot"]
    assert (hot["history"] >= strata.hot_from).all()
    assert found.strata["hot"]["ndcg@20"].value == pytest.approx(hot["ndcg@20"].mean())
    with pytest.raises(ValueError, match="0 < warm_from < hot_from"):
        Strata(warm_from=5, hot_from=5)


def test_new_customers_are_cold_and_answered_by_the_fallback(data: Interactions) -> None:
    late = data.frame["occurred_at"] >= pd.Timestamp(CUTOFF)
    keep = late | (data.frame["customer_id"] != "c00")
    split = GlobalTemporal(cutoff=CUTOFF, window_days=10, known_customers=False).splits(
        data.where(keep.to_numpy())
    )[0]
    model = WithFallback(primary=OwnFrequency(), fallback=RecentPopularity()).fit(split.train)
    found = evaluate(model, split, "again", 5)
    assert found.customers.loc["c00", "stratum"] == "cold"
    assert found.customers.loc["c00", "history"] == 0
    assert found.counts["fallback_places"] == 5


def test_diversity_needs_categories(split: Split) -> None:
    ids = split.train.items.ids
    kinds = pd.Series(["a" if i % 2 else "b" for i in range(len(ids))], index=ids)
    model = RecentPopularity().fit(split.train)
    found = evaluate(model, split, "again", 10, categories=kinds)
    assert 0 < found.summary["diversity@10"].value < 1


def test_differences_are_paired(split: Split) -> None:
    best = evaluate(Oracle(test=split.test).fit(split.train), split, "again")
    plain = evaluate(RecentPopularity().fit(split.train), split, "again")
    difference = best.minus(plain, "recall@20")
    assert difference.value == pytest.approx(
        best.summary["recall@20"].value - plain.summary["recall@20"].value
    )
    assert difference.low > 0
    other = evaluate(RecentPopularity().fit(split.train), split, "discover")
    with pytest.raises(ValueError, match="same split and task"):
        plain.minus(other, "recall@20")


def test_nothing_relevant_is_an_error(split: Split) -> None:
    had = split.train.frame[["customer_id", "item_id"]].drop_duplicates().head(3)
    known = Split(split.train, had.assign(value=1.0), split.cutoff, "known", split.catalog)
    with pytest.raises(ValueError, match="anything relevant"):
        relevant_pairs(known, "discover")
