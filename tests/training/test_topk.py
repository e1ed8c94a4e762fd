"""The top-k kernel against a full stable sort."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training import topk, topk_tiles
from training.topk import ItemFactors, TopK, top_of_factors, top_of_scores


def by_sorting(scores: NDArray[Any], k: int, excluded: csr_matrix | None = None) -> TopK:
    """Do the same by sorting every row completely."""
    scores = np.where(np.isnan(scores), -np.inf, scores)
    if excluded is not None:
        scores[excluded.toarray() > 0] = -np.inf
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    values = np.take_along_axis(scores, order, axis=1)
    items = np.full((len(scores), k), -1)
    items[:, : order.shape[1]] = np.where(values > -np.inf, order, -1)
    found = np.full((len(scores), k), np.nan, dtype=np.float32)
    found[:, : order.shape[1]] = np.where(values > -np.inf, values, np.nan)
    return TopK(items.astype(np.int32), found)


def some_excluded(rng: np.random.Generator, shape: tuple[int, int], share: float) -> csr_matrix:
    return csr_matrix((rng.random(shape) < share).astype(np.float32))


def assert_same(found: TopK, expected: TopK) -> None:
    np.testing.assert_array_equal(found.items, expected.items)
    np.testing.assert_array_equal(found.scores, expected.scores)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(0, 9),
    items=st.integers(1, 700),
    k=st.integers(1, 40),
    values=st.sampled_from([1, 2, 5, 10_000]),
    share=st.sampled_from([0.0, 0.3, 1.0]),
    seed=st.integers(0, 2**16),
)
def test_equals_a_stable_sort(
    *, rows: int, items: int, k: int, values: int, share: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    scores = (rng.integers(0, values, size=(rows, items)) - values // 2).astype(np.float32)
    scores[rng.random(scores.shape) < 0.1] = np.nan
    excluded = some_excluded(rng, scores.shape, share)
    given_scores = scores.copy()
    assert_same(top_of_scores(scores, k, excluded), by_sorting(scores, k, excluded))
    np.testing.assert_array_equal(scores, given_scores)


@settings(max_examples=40, deadline=None)
@given(
    rows=st.integers(0, 300),
    items=st.integers(1, 3000),
    k=st.integers(1, 30),
    spread=st.sampled_from([0.0, 2.0]),
    seed=st.integers(0, 2**16),
)
def test_products_equal_a_stable_sort(
    rows: int, items: int, k: int, spread: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    left = rng.integers(-2, 3, size=(rows, 4)).astype(np.float32)  # exact, and full of ties
    right = rng.integers(-2, 3, size=(items, 4)).astype(np.float32)
    right *= np.exp2(rng.integers(0, 1 + int(spread), size=(items, 1))).astype(np.float32)
    excluded = some_excluded(rng, (rows, items), 0.05)
    assert_same(top_of_factors(left, right, k, excluded), by_sorting(left @ right.T, k, excluded))


def test_several_tiles_and_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topk_tiles, "_NARROWEST", 64)
    monkeypatch.setattr(topk_tiles, "_WIDEST", 64)
    rng = np.random.default_rng(1)
    left = rng.normal(size=(300, 8)).astype(np.float32)
    right = (rng.normal(size=(1000, 8)) * rng.exponential(size=(1000, 1))).astype(np.float32)
    excluded = some_excluded(rng, (300, 1000), 0.2)
    expected = by_sorting(left @ right.T, 10, excluded)
    found = top_of_factors(left, right, 10, excluded)
    np.testing.assert_array_equal(found.items, expected.items)
    np.testing.assert_allclose(found.scores, expected.scores, rtol=1e-5)
    assert_same(top_of_scores(left @ right.T, 10, excluded), expected)


def test_ties_everywhere_stay_within_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topk_tiles, "_NARROWEST", 64)
    monkeypatch.setattr(topk_tiles, "_WIDEST", 64)
    monkeypatch.setattr(topk_tiles, "_MOST_FOUND", 100)
    found = top_of_factors(np.zeros((3, 2), np.float32), np.ones((500, 2), np.float32), 5)
    assert found.items.tolist() == [[0, 1, 2, 3, 4]] * 3


def test_rows_and_items_without_scores_are_left_out() -> None:
    left = np.array([[1, 0], [np.nan, 0], [0, 1]], dtype=np.float32)
    right = np.array([[1, 1], [np.nan, 1], [2, 0], [0, 0]], dtype=np.float32)
    found = top_of_factors(left, right, 3)
    assert found.items.tolist() == [[2, 0, 3], [-1, -1, -1], [0, 2, 3]]
    assert np.isnan(found.scores[1]).all()


def test_minus_zero_ties_with_zero_and_extremes_are_kept() -> None:
    scores = np.array([[0.0, -0.0, 3e38, -3e38, np.nan, -1.0]], dtype=np.float32)
    assert top_of_scores(scores, 6).items.tolist() == [[2, 0, 1, 5, 3, -1]]


def test_prepared_items_give_the_same() -> None:
    rng = np.random.default_rng(2)
    left, right = rng.normal(size=(2, 5, 3)).astype(np.float32)
    ready = ItemFactors.of(right)
    assert_same(top_of_factors(left, ready, 2), top_of_factors(left, right, 2))
    assert (np.diff(ready.lengths) <= 0).all()


def test_keys_keep_the_order_of_floats() -> None:
    values = np.array([-3e38, -2, -1e-30, 0, 1e-30, 5, 3e38], dtype=np.float32)
    keys = topk._descending(values)
    assert (np.diff(keys.astype(np.int64)) < 0).all()
    np.testing.assert_array_equal(topk._from_descending(keys), values)


def test_one_row_and_many_give_the_same_bits() -> None:
    rng = np.random.default_rng(3)
    left, right = (rng.normal(size=(n, 64)).astype(np.float32) for n in (200, 3000))
    together = top_of_factors(left, right, 20)
    for row in range(0, 200, 20):
        alone = top_of_factors(left[[row]], right, 20)
        np.testing.assert_array_equal(alone.items[0], together.items[row])
        np.testing.assert_array_equal(alone.scores[0], together.scores[row])


def test_where_no_item_has_a_vector_nothing_is_found() -> None:
    nothing = np.full((3, 2), np.nan, dtype=np.float32)
    assert (top_of_factors(np.ones((4, 2), dtype=np.float32), nothing, 2).items == -1).all()
