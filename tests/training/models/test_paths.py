"""Contributions read off the paths of trees, against the trees' own scores and Shapley values."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
import pytest

from training.models.ranking.booster import Booster
from training.models.ranking.paths import PathTable

OWNERS = {"a": "left", "b": "right", "c": "left", "d": "alone"}


def grown(leaves: int, *, constant: bool = False) -> tuple[lightgbm.Booster, np.ndarray]:
    rng = np.random.default_rng(0)
    table = rng.normal(size=(3_000, 4)).astype(np.float32)
    table[rng.random(table.shape) < 0.1] = np.nan
    filled = np.nan_to_num(table)
    chosen = filled[:, 0] + filled[:, 1] * filled[:, 3] + 0.3 * filled[:, 2] > 0.5
    labels = np.ones(len(table)) if constant else chosen
    data = lightgbm.Dataset(table, labels.astype(np.float32), feature_name=list(OWNERS))
    settings: dict[str, Any] = {"objective": "binary", "num_leaves": leaves, "verbose": -1}
    return lightgbm.train({**settings, "num_threads": 1}, data, num_boost_round=20), table


@pytest.mark.parametrize("leaves", [2, 7, 31])
def test_base_and_contributions_sum_to_the_score(leaves: int) -> None:
    model, table = grown(leaves)
    booster = Booster(model, list(OWNERS), OWNERS)
    parts = booster.contributions(table)
    assert set(parts) == {"left", "right", "alone"}
    total = booster.paths.base + sum(parts.values())
    np.testing.assert_allclose(total, booster.score(table), atol=1e-5)


def test_trees_of_one_question_give_the_shapley_values() -> None:
    model, table = grown(2)
    shapley = np.asarray(model.predict(table, pred_contrib=True))
    parts = Booster(model, list(OWNERS), OWNERS).contributions(table)
    np.testing.assert_allclose(parts["left"], shapley[:, 0] + shapley[:, 2], atol=1e-5)
    np.testing.assert_allclose(parts["right"], shapley[:, 1], atol=1e-5)
    np.testing.assert_allclose(parts["alone"], shapley[:, 3], atol=1e-5)


def test_a_group_no_split_asks_about_gives_nothing() -> None:
    model, table = grown(7)
    parts = Booster(model, list(OWNERS), {**OWNERS, "c": "left", "b": "never"}).contributions(table)
    assert np.abs(parts["never"]).max() > 0
    silent = lightgbm.train(
        {"objective": "binary", "num_leaves": 7, "verbose": -1, "num_threads": 1},
        lightgbm.Dataset(
            np.stack([table[:, 0], np.zeros(len(table), np.float32)], axis=1),
            (np.nan_to_num(table[:, 0]) > 0).astype(np.float32),
            feature_name=["asked", "empty"],
        ),
        num_boost_round=5,
    )
    found = Booster(silent, ["asked", "empty"], {"asked": "x", "empty": "y"})
    parts = found.contributions(np.stack([table[:9, 0], table[:9, 1]], axis=1))
    assert (parts["y"] == 0).all()
    assert (parts["x"] != 0).all()


def test_trees_without_a_split_and_no_rows() -> None:
    model, table = grown(7, constant=True)
    booster = Booster(model, list(OWNERS), OWNERS)
    assert all((part == 0).all() for part in booster.contributions(table[:5]).values())
    assert all(part.shape == (0,) for part in booster.contributions(table[:0]).values())
    lone = PathTable.of(model.dump_model(), OWNERS)
    assert lone.base == pytest.approx(float(booster.score(table[:1])[0]), rel=1e-6)
