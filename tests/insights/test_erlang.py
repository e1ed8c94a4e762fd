"""Erlang C against published values."""

from __future__ import annotations

from fractions import Fraction
from math import factorial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.erlang import agents_needed, answered_in_time, waits


def by_definition(agents: int, load: float) -> float:
    """Return the textbook quotient of sums, exactly."""
    exact = Fraction(load)
    parts = [exact**number / factorial(number) for number in range(agents + 1)]
    queued = parts[agents] * agents / (agents - exact)
    return float(queued / (sum(parts[:agents]) + queued))


@pytest.mark.parametrize(("agents", "load"), [(1, 0.5), (2, 1.0), (11, 10.0), (55, 50.0), (9, 0.1)])
def test_probability_of_waiting(agents: int, load: float) -> None:
    assert waits(agents, load) == pytest.approx(by_definition(agents, load), rel=1e-12)


def test_known_probabilities() -> None:
    assert waits(1, 0.5) == 0.5  # one server: the load itself
    assert waits(2, 1.0) == pytest.approx(1 / 3)  # M/M/2 at half load
    assert waits(3, 3.0) == 1.0  # as much work as people: everyone waits


def test_the_usual_example() -> None:
    """200 calls an hour of three minutes, 80 % within 20 s: ten erlangs need 14 agents."""
    needed = agents_needed(arrivals=200, handling_seconds=180, share=0.8, within_seconds=20)
    assert needed == 14
    assert answered_in_time(14, 10.0, 180, 20) == pytest.approx(0.888, abs=2e-3)


def test_nothing_to_do_needs_nobody() -> None:
    assert agents_needed(arrivals=0, handling_seconds=60, share=0.8, within_seconds=20) == 0
    assert agents_needed(arrivals=3, handling_seconds=0, share=0.8, within_seconds=20) == 1
    assert answered_in_time(2, 2.0, 60, 20) == 0


@pytest.mark.parametrize("wrong", [{"arrivals": -1}, {"share": 1.0}])
def test_impossible_targets_are_refused(wrong: dict[str, float]) -> None:
    told = {"arrivals": 1.0, "handling_seconds": 60.0, "share": 0.8, "within_seconds": 20.0}
    with pytest.raises(ValueError, match="expected none below 0"):
        agents_needed(**(told | wrong))


@given(
    arrivals=st.floats(0.1, 300),
    handling=st.floats(1, 1200),
    share=st.floats(0.05, 0.99),
    within=st.floats(0, 600),
)
def test_the_fewest_agents_that_meet_the_target(
    arrivals: float, handling: float, share: float, within: float
) -> None:
    agents = agents_needed(
        arrivals=arrivals, handling_seconds=handling, share=share, within_seconds=within
    )
    load = arrivals * handling / 3600
    assert answered_in_time(agents, load, handling, within) >= share
    assert agents == 1 or answered_in_time(agents - 1, load, handling, within) < share
