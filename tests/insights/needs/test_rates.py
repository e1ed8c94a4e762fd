"""Comparisons of counts against published and hand-computed intervals."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.needs.rates import lift, rate_ratio, share_difference

COUNT = st.integers(0, 300)
DAYS = st.floats(0.5, 60)


def test_the_rate_ratio_is_that_of_r() -> None:
    """``poisson.test(c(11, 21), c(800, 3011))``, the example of R's help page."""
    found = rate_ratio(11, 800, 21, 3011)
    assert found is not None
    assert found.value == pytest.approx(1.971488, abs=1e-6)
    assert (found.low, found.high) == pytest.approx((0.8584264, 4.2772659), abs=1e-6)
    assert found.p_value == pytest.approx(0.07967, abs=1e-5)
    assert not found.significant


@pytest.mark.parametrize(
    ("counts", "ends"),
    [((56, 70, 48, 80), (0.0524, 0.3339)), ((9, 10, 3, 10), (0.1705, 0.8090))],
)
def test_the_interval_of_two_shares_is_newcombes(
    counts: tuple[int, int, int, int], ends: tuple[float, float]
) -> None:
    """Table II of the paper, method 10, cases (a) and (b)."""
    found = share_difference(*counts)
    assert found is not None
    assert found.value == pytest.approx(counts[0] / counts[1] - counts[2] / counts[3])
    assert (found.low, found.high) == pytest.approx(ends, abs=5e-5)


def test_lift_computed_by_hand() -> None:
    """Ratio 2; error of its logarithm sqrt(1/20 - 1/40 + 1/40 - 1/160) = 0.20917."""
    ratio, low, high = lift(20, 40, 40, 160)
    assert ratio == 2.0
    assert (low, high) == pytest.approx((2 / 1.50676, 2 * 1.50676), abs=1e-4)


def test_nothing_elsewhere_still_has_an_interval() -> None:
    ratio, low, high = lift(10, 10, 0, 90)
    assert ratio == pytest.approx(90.5 / 0.5)
    assert 1 < low < ratio < high < math.inf


def test_what_cannot_be_compared_is_missing() -> None:
    assert rate_ratio(0, 7, 0, 7) is None
    assert rate_ratio(3, 7, 3, 0) is None
    assert share_difference(0, 0, 1, 2) is None
    only = rate_ratio(3, 7, 0, 7)
    assert only is not None
    assert (only.value, only.high) == (7.0, math.inf)  # (3 + 1/2) / (1/2)


@given(now=COUNT, days=DAYS, before=COUNT, earlier=DAYS)
def test_an_interval_holds_its_ratio_and_turns_around(
    now: int, days: float, before: int, earlier: float
) -> None:
    found, turned = rate_ratio(now, days, before, earlier), rate_ratio(before, earlier, now, days)
    if found is None or turned is None:
        assert now + before == 0
        return
    assert found.low <= found.value <= found.high
    assert found.value * turned.value == pytest.approx(1)
    assert found.p_value == pytest.approx(turned.p_value)


@given(inside=st.integers(1, 50), more=COUNT, outside=COUNT, others=st.integers(1, 300))
def test_lift_lies_in_its_interval_and_is_wider_at_a_higher_level(
    inside: int, more: int, outside: int, others: int
) -> None:
    counts = (inside, inside + more, outside, outside + others)
    ratio, low, high = lift(*counts)
    _, lower, higher = lift(*counts, level=0.999)
    assert lower <= low <= ratio <= high <= higher
