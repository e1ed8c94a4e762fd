"""Expected counts: levels, scatter and tails known by construction."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from insights.alerts.expected import Expected, dispersion_of, expected, level_of


def test_one_spike_does_not_move_the_level() -> None:
    assert level_of(np.array([30.0, 32.0, 29.0, 31.0])) == pytest.approx(30.5 + 1 / 6)
    assert level_of(np.array([30.0, 32.0, 29.0, 31.0, 900.0])) == pytest.approx(31 + 1 / 6)
    assert level_of(np.array([1.0, 0.0, 2.0, 90.0])) == 1.0
    assert level_of(np.zeros(7)) == 1 / 8


@pytest.mark.parametrize(("level", "dispersion"), [(40, 0.0), (40, 0.2), (400, 0.3)])
def test_the_level_of_many_weeks_is_their_mean(level: float, dispersion: float) -> None:
    rng = np.random.default_rng(1)
    size = 1 / max(dispersion, 1e-6)
    history = rng.negative_binomial(size, size / (size + level), 20_000).astype(float)
    assert level_of(history, dispersion) == pytest.approx(level, rel=0.03)


def test_tails_are_those_of_the_distribution() -> None:
    chance = Expected(20.0, 0.0, 0.0)
    assert chance.p_at_least(0) == pytest.approx(1.0)
    assert chance.p_at_least(30) == pytest.approx(1 - stats.poisson.cdf(29, 20))
    assert chance.p_at_most(10) == pytest.approx(stats.poisson.cdf(10, 20))
    wide = Expected(20.0, 0.1, 0.0)
    assert wide.p_at_least(40) == pytest.approx(1 - stats.nbinom.cdf(39, 10, 1 / 3))
    assert wide.p_at_most(5) == pytest.approx(stats.nbinom.cdf(5, 10, 1 / 3))


def test_an_uncertain_level_gives_the_tail_of_a_mixture() -> None:
    rng = np.random.default_rng(2)
    usual = expected(np.full(8, 20.0), 0.1)
    assert usual.spread == pytest.approx(0.169, abs=0.001)
    levels = usual.level * np.exp(rng.normal(-(usual.spread**2) / 2, usual.spread, 200_000))
    counts = rng.negative_binomial(10, 10 / (10 + levels))
    for count in (30, 45):
        assert usual.p_at_least(count) == pytest.approx(np.mean(counts >= count), rel=0.06)
    assert usual.p_at_most(8) == pytest.approx(np.mean(counts <= 8), rel=0.06)
    assert expected(np.full(4, 20.0), 0.1).spread > usual.spread


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
