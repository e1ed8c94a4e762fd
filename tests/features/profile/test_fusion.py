"""Weighted fusion: weights that add up, missing blocks, and an effect on the ranking."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.items.space import unit
from features.profile.fusion import WeightedFusion
from features.profile.settings import ProfileSettings


def directions(count: int, width: int = 8) -> np.ndarray:
    return np.eye(width, dtype=np.float32)[:count, None, :]


@given(st.floats(0, 1), st.floats(0, 1))
def test_weights_that_sum_to_one_are_taken(one: float, other: float) -> None:
    alpha, beta = min(one, other), abs(one - other)
    fusion = WeightedFusion(alpha=alpha, beta=beta, gamma=max(0.0, 1 - alpha - beta))
    assert sum(fusion.weights) == pytest.approx(1)


@pytest.mark.parametrize(
    "weights", [(0.5, 0.5, 0.5), (0.2, 0.2, 0.2), (1.2, -0.1, -0.1), (0.5, 0.5, 1e-5)]
)
def test_other_weights_are_refused(weights: tuple[float, float, float]) -> None:
    alpha, beta, gamma = weights
    with pytest.raises(ValueError, match=r"sum to 1|less than|greater than"):
        WeightedFusion(alpha=alpha, beta=beta, gamma=gamma)
    with pytest.raises(ValueError, match=r"sum to 1|less than|greater than"):
        ProfileSettings(alpha=alpha, beta=beta, gamma=gamma)


def test_the_error_says_what_is_wrong_and_what_to_change() -> None:
    with pytest.raises(ValueError, match=r"sum to 1.*alpha=0.9.*change one of them by -0.15"):
        WeightedFusion(alpha=0.9, beta=0.25, gamma=0.0)


def test_a_profile_is_the_weighted_sum_of_its_blocks() -> None:
    behavior, mood, topic = directions(3)
    fused = WeightedFusion(alpha=0.5, beta=0.3, gamma=0.2).fuse(behavior, mood, topic)
    np.testing.assert_allclose(fused[0, :3], [0.5, 0.3, 0.2], rtol=1e-6)


def test_weights_of_missing_blocks_go_to_the_others_in_proportion() -> None:
    fusion = WeightedFusion(alpha=0.5, beta=0.3, gamma=0.2)
    behavior, _mood, topic = directions(3)
    nothing = np.zeros_like(behavior)
    np.testing.assert_allclose(fusion.fuse(behavior, nothing, nothing), behavior)
    np.testing.assert_allclose(
        fusion.fuse(behavior, nothing, topic)[0, :3], [5 / 7, 0, 2 / 7], rtol=1e-6
    )
    assert not fusion.fuse(nothing, nothing, nothing).any()


def test_no_profile_where_only_blocks_of_weight_zero_are_there() -> None:
    behavior, mood, topic = directions(3)
    only_mood = WeightedFusion(alpha=0, beta=1, gamma=0)
    assert not only_mood.fuse(behavior, np.zeros_like(mood), topic).any()


def test_changing_the_weights_changes_the_content_ranking() -> None:
    random = np.random.default_rng(0)
    items = unit(random.normal(size=(50, 8)).astype(np.float32))
    blocks = [unit(random.normal(size=(1, 8)).astype(np.float32)) for _ in range(3)]
    orders = set()
    for weights in ((1, 0, 0), (0, 1, 0), (0, 0, 1), (0.4, 0.3, 0.3)):
        fusion = WeightedFusion(alpha=weights[0], beta=weights[1], gamma=weights[2])
        profile = fusion.fuse(*blocks)
        orders.add(tuple(np.argsort(-(items @ profile[0]), kind="stable")[:5]))
    assert len(orders) == 4
