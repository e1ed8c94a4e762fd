"""Expected counts: levels, scatter and tails known by construction."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from insights.alerts.expected import Expected, dispersion_of, expected, level_of


def test_one_spike_does_not_move_the_level() -> None:
    assert level_of(np.array([30.0, 32.0, 29.0, 31.0])) == 30.5
    assert level_of(np.array([30.0, 32.0, 29.0, 31.0, 900.0])) == 31.0
    assert level_of(np.array([1.0, 0.0, 2.0, 90.0])) == 1.0
    assert level_of(np.zeros(7)) == 1 / 8


def test_tails_are_those_of_the_distribution() -> None:
    chance = Expected(20.0, 20.0)
    assert chance.p_at_least(0) == 1.0
    assert chance.p_at_least(30) == pytest.approx(1 - stats.poisson.cdf(29, 20))
    assert chance.p_at_most(10) == pytest.approx(stats.poisson.cdf(10, 20))
    wide = Expected(20.0, 60.0)  # n = 20² / 40 = 10, p = 20 / 60
    assert wide.p_at_least(40) == pytest.approx(1 - stats.nbinom.cdf(39, 10, 1 / 3))
    assert wide.p_at_most(5) == pytest.approx(stats.nbinom.cdf(5, 10, 1 / 3))
    assert wide.p_at_least(40) > chance.p_at_least(40)


def test_an_uncertain_level_widens_the_tail() -> None:
    few, many = np.full(4, 20.0), np.full(8, 20.0)
    assert expected(few, 0.0).variance == pytest.approx(20 * (1 + math.pi / 8))
    assert expected(many, 0.1).variance == pytest.approx(60 * (1 + math.pi / 16))


@pytest.mark.parametrize("true", [0.0, 0.05, 0.2])
@pytest.mark.parametrize("level", [4.0, 40.0])
def test_scatter_is_estimated_as_it_was_drawn(true: float, level: float) -> None:
    rng = np.random.default_rng(3)
    mean = np.tile(level * (1 + np.arange(168) % 24 / 24), 8)
    size = 1 / max(true, 1e-9)
    counts = rng.negative_binomial(size, size / (size + mean)) if true else rng.poisson(mean)
    counts = counts.astype(float)
    found = dispersion_of(counts, np.tile(np.arange(168), 8))
    assert found == pytest.approx(true, abs=0.03 + 0.25 * true)
    counts[[200, 500, 900]] *= 5  # earlier incidents
    assert dispersion_of(counts, np.tile(np.arange(168), 8)) == pytest.approx(found, abs=0.04)


def test_no_weeks_no_scatter() -> None:
    assert dispersion_of(np.array([]), np.array([], np.int64)) == 0.0
    assert dispersion_of(np.ones(5), np.arange(5)) == 0.0
    assert dispersion_of(np.zeros(14), np.tile(np.arange(7), 2)) == 0.0
