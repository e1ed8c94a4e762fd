"""Gamma-Gamma: another implementation's numbers, known parameters, what must always hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insights.lifetime.spending import Spending
from tests.insights.lifetime.drawn import spenders


def test_numbers_are_those_of_another_implementation() -> None:
    found = Spending.fit(*spenders(3000))
    # lifetimes 0.11.3, GammaGammaFitter and conditional_expected_average_profit
    assert (found.p, found.q, found.v) == pytest.approx(
        (6.1921517, 3.9708092, 14.7008114), rel=1e-5
    )
    told = found.mean(np.array([0, 1, 2, 8.0]), np.array([0, 10, 30, 100.0]))
    assert told == pytest.approx((30.641367, 16.692331, 30.124088, 96.075814), rel=1e-5)
    assert found.population_mean == pytest.approx(told[0])


def test_known_parameters_are_found_again_in_any_money() -> None:
    often, mean = spenders(20_000, seed=3)
    found, cents = Spending.fit(often, mean), Spending.fit(often, 100 * mean)
    assert (found.p, found.q, found.v) == pytest.approx((6, 4, 15), rel=0.1)
    assert (cents.p, cents.q, cents.v) == pytest.approx((found.p, found.q, 100 * found.v), rel=1e-4)


def test_the_slope_is_that_of_the_likelihood() -> None:
    often, mean = spenders(100)
    at = np.array([4.0, 3.0, 9.0])
    _, slopes = Spending(*at)._likelihood(often, mean)
    for place, step in enumerate(at * 1e-6):
        up, down = (
            Spending(*(at + sign * step * np.eye(3)[place]))._likelihood(often, mean)[0]
            for sign in (1, -1)
        )
        assert slopes[place] == pytest.approx((up - down) / (2 * step), rel=1e-4, abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(
    p=st.floats(0.1, 30),
    q=st.floats(1.01, 30),
    v=st.floats(0.1, 1000),
    mean=st.floats(0.01, 1e5),
    often=st.integers(1, 500),
)
def test_few_purchases_are_drawn_to_the_mean_of_all(
    p: float, q: float, v: float, mean: float, often: int
) -> None:
    model = Spending(p, q, v)
    few, many = model.mean(np.array([often, often + 1.0]), np.array([mean, mean]))
    low, high = sorted((mean, model.population_mean))
    assert low * (1 - 1e-9) <= few <= high * (1 + 1e-9)
    assert abs(many - mean) <= abs(few - mean) * (1 + 1e-9) + 1e-9 * mean


def test_values_that_say_nothing_are_refused() -> None:
    for often, mean in (([1, 1], [5, 5]), ([2, 1], [5, 0]), ([0, 2], [5, 5])):
        with pytest.raises(ValueError, match="some with two purchases"):
            Spending.fit(np.array(often, float), np.array(mean, float))
    with pytest.raises(ValueError, match="q above 1"):
        Spending(1, 1, 1)
