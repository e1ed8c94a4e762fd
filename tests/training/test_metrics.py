"""Metrics by hand, against scikit-learn, and against brute force."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from sklearn.metrics import ndcg_score

from training.metrics import (
    Rankings,
    bootstrap_intervals,
    metrics_of,
    paired_difference,
    registered,
)
from training.metrics.registry import metric


def by_hand() -> Rankings:
    """Three customers, k = 4: two of three found, nothing found, all ten places would not do."""
    return Rankings(
        items=np.array([[0, 1, 2, 3], [3, 2, -1, -1], [4, 0, 1, 2]]),
        hits=np.array([[True, False, True, False], [False] * 4, [False, True, True, True]]),
        relevant=np.array([3, 1, 10]),
        popularity=np.array([0.5, 0.25, 0.25, 0.125, 0.0]),
        categories=np.array([0, 0, 1, 2, -1]),
        catalog=10,
        groups=np.array([0, 0, 1, 1, -1]),
        tastes=csr_matrix([[0.75, 0.25], [1.0, 0.0], [0.0, 0.0]]),
    )


D = 1 / np.log2([2, 3, 4, 5])
GOLDEN = {
    "recall": [2 / 3, 0, 3 / 4],
    "recall_of_all": [2 / 3, 0, 3 / 10],
    "precision": [2 / 4, 0, 3 / 4],
    "ndcg": [(D[0] + D[2]) / D[:3].sum(), 0, (D[1] + D[2] + D[3]) / D.sum()],
    "map": [(1 + 2 / 3) / 3, 0, (1 / 2 + 2 / 3 + 3 / 4) / 4],
    "mrr": [1, 0, 1 / 2],
    "hit_rate": [1, 0, 1],
    "novelty": [(1 + 2 + 2 + 3) / 4, (3 + 2) / 2, (4 + 1 + 2 + 2) / 4],
    "diversity": [5 / 6, 1, 2 / 3],
    "calibration_error": [  # by Steck's formula: half of the first list is of each group
        0.75 * np.log(0.75 / 0.5025) + 0.25 * np.log(0.25 / 0.4975),
        np.log(100),
        np.nan,
    ],
    "average_popularity": [1.125 / 4, 0.375 / 2, 1.0 / 4],
    "coverage": [0.5],
}


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_values(name: str) -> None:
    np.testing.assert_allclose(registered()[name].compute(by_hand()), GOLDEN[name])


def test_every_ranking_metric_has_a_golden_value() -> None:
    names = {found.name for found in (*metrics_of("ranking"), *metrics_of("beyond"))}
    assert names == set(GOLDEN)
    assert all(found.description for found in registered().values())


def random_rankings(seed: int, n: int = 20, k: int = 6, m: int = 15) -> tuple[Rankings, np.ndarray]:
    rng = np.random.default_rng(seed)
    items = np.argsort(rng.random((n, m)), axis=1)[:, :k]
    truth = rng.random((n, m)) < 0.3
    truth[np.arange(n), rng.integers(0, m, n)] = True
    hits = np.take_along_axis(truth, items, axis=1)
    return Rankings(items, hits, truth.sum(axis=1)), truth


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_ndcg_equals_scikit_learn(seed: int) -> None:
    rankings, truth = random_rankings(seed)
    scores = np.zeros(truth.shape)
    np.put_along_axis(scores, rankings.items, np.arange(6, 0, -1)[None], axis=1)
    # scikit-learn averages over ties, and all unranked items tie: give the ranked ones their gain
    expected = [
        ndcg_score(truth[[row]], scores[[row]] + 1e-9 * (scores[[row]] == 0), k=6, ignore_ties=True)
        for row in range(len(truth))
    ]
    np.testing.assert_allclose(registered()["ndcg"].compute(rankings), expected)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6))
def test_others_equal_brute_force(seed: int, k: int) -> None:
    rankings, truth = random_rankings(seed)
    first = rankings.at(k)
    for row, relevant in enumerate(truth):
        found = [bool(relevant[item]) for item in rankings.items[row, :k]]
        most = min(k, int(relevant.sum()))
        precisions = [sum(found[: i + 1]) / (i + 1) for i in range(k) if found[i]]
        assert registered()["recall"].compute(first)[row] == pytest.approx(sum(found) / most)
        assert registered()["map"].compute(first)[row] == pytest.approx(sum(precisions) / most)
        expected = 1 / (found.index(True) + 1) if any(found) else 0
        assert registered()["mrr"].compute(first)[row] == pytest.approx(expected)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_diversity_equals_counting_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    items = np.argsort(rng.random((8, 12)), axis=1)[:, :5]
    items[rng.random(items.shape) < 0.2] = -1
    categories = rng.integers(-1, 4, size=12)
    rankings = Rankings(items, np.zeros(items.shape, bool), np.ones(8), categories=categories)
    for row, value in zip(items, registered()["diversity"].compute(rankings), strict=True):
        known = [categories[item] for item in row if item >= 0 and categories[item] >= 0]
        pairs = [a != b for i, a in enumerate(known) for b in known[i + 1 :]]
        if pairs:
            assert value == pytest.approx(np.mean(pairs))
        else:
            assert np.isnan(value)


def test_without_categories_or_popularity_nothing_is_claimed() -> None:
    bare = Rankings(np.array([[0]]), np.array([[True]]), np.array([1]))
    assert np.isnan(registered()["diversity"].compute(bare)).all()
    assert np.isnan(registered()["calibration_error"].compute(bare)).all()
    assert np.isnan(registered()["average_popularity"].compute(bare)).all()


def test_rating_errors() -> None:
    truth, predicted = np.array([1.0, 5.0]), np.array([2.0, 3.0])
    values = {found.name: found.compute(truth, predicted) for found in metrics_of("rating")}
    assert values["mse"].tolist() == [1, 4]
    assert values["mae"].tolist() == [1, 2]
    assert values["rmse"].tolist() == [pytest.approx(2.5**0.5)]


def test_shapes_are_checked() -> None:
    with pytest.raises(ValueError, match="must agree"):
        Rankings(np.zeros((2, 3), int), np.zeros((2, 2), bool), np.ones(2))
    with pytest.raises(ValueError, match="something relevant"):
        Rankings(np.zeros((1, 1), int), np.zeros((1, 1), bool), np.zeros(1))


def test_a_name_can_be_registered_once() -> None:
    with pytest.raises(ValueError, match="'recall' is already registered"):
        metric("recall", "ranking", "again")(lambda rankings: rankings.relevant)


def test_intervals_cover_the_mean_of_normal_data() -> None:
    rng = np.random.default_rng(0)
    n, inside = 200, 0
    for seed in range(60):
        sample = pd.DataFrame({"x": rng.normal(size=n)})
        found = bootstrap_intervals(sample, seed=seed, resamples=400)["x"]
        inside += found.low <= 0 <= found.high
        assert found.value == pytest.approx(sample["x"].mean())
        assert found.high - found.low == pytest.approx(2 * 1.96 / n**0.5, rel=0.3)
    assert inside >= 50


def test_intervals_repeat_and_leave_out_the_undefined() -> None:
    values = pd.DataFrame({"a": [0.0, 1.0, 1.0], "b": [np.nan, 2.0, 2.0], "c": [np.nan] * 3})
    first, second = (bootstrap_intervals(values, seed=1) for _ in range(2))
    assert first["a"] == second["a"]
    assert (first["b"].value, first["b"].low, first["b"].high, first["b"].n) == (2, 2, 2, 2)
    assert np.isnan(first["c"].value)
    assert first["c"].n == 0


def test_pairing_sees_what_separate_intervals_do_not() -> None:
    rng = np.random.default_rng(0)
    base = pd.Series(rng.normal(size=500), index=[f"c{i}" for i in range(500)])
    better = (base + 0.05 + 0.01 * rng.normal(size=500)).sample(frac=1, random_state=0)
    found = paired_difference(better, base)
    assert found.low > 0
    assert found.value == pytest.approx(0.05, abs=0.005)
    assert paired_difference(base, better).high < 0
    with pytest.raises(ValueError, match="no customer in common"):
        paired_difference(base, pd.Series([1.0], index=["x"]))
