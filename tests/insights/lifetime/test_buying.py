"""BG/NBD and MBG/NBD: another implementation's numbers, known parameters, what must always hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betaln

from insights.lifetime.buying import Buying, Kind
from insights.lifetime.histories import Histories, distinct
from insights.lifetime.quadrature import beta_nodes
from tests.insights.lifetime.drawn import TRUE, buyers

PROBE = Histories(
    np.array([0, 1, 3, 12, 40.0]),
    np.array([0, 5, 200, 300, 100.0]),
    np.array([30, 200, 210, 330, 350.0]),
)
# lifetimes 0.11.3 (BetaGeoFitter, ModifiedBetaGeoFitter), fitted on buyers(3000, kind): its
# parameters, conditional_probability_alive and ..._expected_number_of_purchases_up_to_time(90).
GOLDEN = {
    ("bg_nbd", 0.0): (
        (0.83378614, 21.21629003, 0.89857474, 3.23144541),
        (1.0, 0.067160324, 0.830915714, 0.834312159, 6.6706e-19),
        (1.133272620, 0.045728046, 1.114481748, 2.505659759, 6.00721e-18),
    ),
    ("bg_nbd", 0.01): (
        (0.80915702, 20.43586086, 0.44910304, 1.17795368),
        (1.0, 0.050092346, 0.856650482, 0.896020308, 1.092747e-18),
        (1.087488818, 0.033972657, 1.176538429, 2.794076397, 1.030178e-17),
    ),
    ("mbg_nbd", 0.0): (
        (0.79576462, 21.32659003, 0.8975645, 3.39905672),
        (0.653097928, 0.096753404, 0.857720123, 0.845567291, 7.34226e-19),
        (0.742539615, 0.065583958, 1.155412458, 2.546499267, 6.61982e-18),
    ),
}


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: f"{case[0]}-{case[1]}")
def test_numbers_are_those_of_another_implementation(case: tuple[Kind, float]) -> None:
    kind, penalty = case
    parameters, alive, expected = GOLDEN[case]
    found = Buying.fit(buyers(3000, kind), kind=kind, penalty=penalty)
    assert (found.r, found.alpha, found.a, found.b) == pytest.approx(parameters, rel=1e-5)
    assert found.alive(PROBE) == pytest.approx(alive, rel=1e-4)
    assert found.expected(PROBE, 90) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("kind", ["bg_nbd", "mbg_nbd"])
def test_known_parameters_are_found_again(kind: Kind) -> None:
    found = Buying.fit(buyers(20_000, kind, seed=1), kind=kind)
    assert found.r == pytest.approx(TRUE["r"], rel=0.05)
    assert found.alpha == pytest.approx(TRUE["alpha"], rel=0.08)
    assert found.a / (found.a + found.b) == pytest.approx(0.9 / 3.9, rel=0.05)  # chance to leave


@pytest.mark.parametrize("kind", ["bg_nbd", "mbg_nbd"])
def test_what_is_expected_comes(kind: Kind) -> None:
    """Half of each history is known, the other half is drawn: purchases on both sides agree."""
    draw = np.random.default_rng(5)
    count, half = 20_000, 180.0
    rate = draw.gamma(TRUE["r"], 1 / TRUE["alpha"], count)
    leave = draw.beta(TRUE["a"], TRUE["b"], count)
    often, last, later, clock = (np.zeros(count) for _ in range(4))
    stays = draw.random(count) >= leave if kind == "mbg_nbd" else np.ones(count, bool)
    while stays.any():
        clock = clock + draw.exponential(1 / rate)
        stays &= clock <= 2 * half
        known = stays & (clock <= half)
        often[known] += 1
        last[known] = clock[known]
        later[stays & ~known] += 1
        stays &= draw.random(count) >= leave
    model = Buying(**TRUE, kind=kind)
    seen = Histories(often, last, np.full(count, half))
    error = later.std() / count**0.5
    assert model.expected(seen, half).mean() == pytest.approx(later.mean(), abs=3 * error)
    share = (later > 0).mean()
    assert model.buys(seen, half).mean() == pytest.approx(share, abs=3 * 0.5 / count**0.5)
    gone = seen.recency < half / 3
    assert model.buys(seen, half)[gone].mean() == pytest.approx(
        (later[gone] > 0).mean(), abs=3 * 0.5 / gone.sum() ** 0.5
    )


def test_the_slope_is_that_of_the_likelihood() -> None:
    seen = buyers(200, "bg_nbd")
    for kind in ("bg_nbd", "mbg_nbd"):
        at = np.array([0.7, 12.0, 0.4, 2.5])
        _, slopes = Buying(*at, kind=kind)._likelihood(seen)
        for place, step in enumerate(at * 1e-6):
            up, down = (
                Buying(*(at + sign * step * np.eye(4)[place]), kind=kind)._likelihood(seen)[0]
                for sign in (1, -1)
            )
            assert slopes[place] == pytest.approx((up - down) / (2 * step), rel=1e-4, abs=1e-6)


parameter = st.floats(0.05, 20)
models = st.builds(
    Buying,
    r=parameter,
    alpha=st.floats(1, 200),
    a=parameter,
    b=parameter,
    kind=st.sampled_from(["bg_nbd", "mbg_nbd"]),
)


@settings(max_examples=30, deadline=None)
@given(
    model=models,
    often=st.integers(1, 300),
    recency=st.floats(1, 700),
    silent=st.lists(st.floats(0, 2000), min_size=2, max_size=2).map(sorted),
    days=st.floats(1, 400),
)
def test_silence_never_makes_anybody_more_alive(
    model: Buying, often: int, recency: float, silent: list[float], days: float
) -> None:
    seen = Histories(np.full(2, float(often)), np.full(2, recency), recency + np.array(silent))
    alive, expected, buys = model.alive(seen), model.expected(seen, days), model.buys(seen, days)
    for each in (alive, buys):
        assert (each >= 0).all()
        assert (each <= 1).all()
        assert each[1] <= each[0] + 1e-12
    assert (buys <= alive).all()
    assert (expected >= buys - 1e-9).all()  # a purchase at the least, where there is one
    assert (model.expected(seen, 2 * days) >= expected - 1e-9).all()
    rate = (model.r + often) / (model.alpha + seen.age)
    assert (expected <= rate * days * (1 + 1e-9)).all()  # leaving only takes purchases away


def test_who_bought_once_is_alive_for_ever_under_bg_nbd_alone() -> None:
    once = Histories(np.zeros(2), np.zeros(2), np.array([10.0, 1000.0]))
    assert Buying(**TRUE).alive(once).tolist() == [1, 1]
    fresh, old = Buying(**TRUE, kind="mbg_nbd").alive(once)
    assert fresh > 0.5 > old > 0


@settings(max_examples=30, deadline=None)
@given(a=st.floats(0.02, 40), b=st.floats(0.02, 3000), power=st.integers(0, 30))
def test_means_over_a_beta_distribution_are_exact(a: float, b: float, power: int) -> None:
    places, weights = beta_nodes(a, b)
    expected = np.exp(betaln(a + power, b) - betaln(a, b))
    assert (weights * places**power).sum() == pytest.approx(expected, rel=1e-7, abs=1e-15)


def test_equal_rows_are_computed_once() -> None:
    (x, age), counts, places = distinct(np.array([2, 1, 2.0]), np.array([9, 9, 9.0]))
    assert (x.tolist(), age.tolist(), counts.tolist()) == ([1, 2], [9, 9], [1, 2])
    assert places.tolist() == [1, 0, 1]


def test_impossible_histories_and_parameters_are_refused() -> None:
    with pytest.raises(ValueError, match="customer number 1 has frequency 1, recency 9, age 5"):
        Histories(np.array([0, 1.0]), np.array([0, 9.0]), np.array([5, 5.0]))
    with pytest.raises(ValueError, match="as many frequencies"):
        Histories(np.zeros(2), np.zeros(2), np.zeros(3))
    with pytest.raises(ValueError, match="above 0"):
        Buying(1, 1, 0, 1)
    with pytest.raises(ValueError, match="3 customers, none of whom bought on two days"):
        Buying.fit(Histories(np.zeros(3), np.zeros(3), np.ones(3)))
    with pytest.raises(ValueError, match=r"Beta\(a, b\)"):
        beta_nodes(0, 1)
