"""Satisfaction from text: facts counted by hand, bounds by search, errors by another library."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import f1_score

from features.text.satisfaction.dialogue import FACTS, Reading, Turn, read_conversations, read_turns
from features.text.satisfaction.measure import Held, errors, held_out
from features.text.satisfaction.model import fit_satisfaction, folds, low_bound

TALK = (
    Turn("agent", "Hello, how can I help?"),
    Turn("customer", "My order is late!", -0.5),
    Turn("agent", "Sorry, what is the number?"),
    Turn("customer", "Not again. My order is late!", -0.8),
    Turn("agent", "Sorry, what is the number?"),
    Turn("customer", "谢谢,不用了", 0.1),
)


def reading(count: int, seed: int = 0) -> tuple[Reading, np.ndarray]:
    """Conversations whose mood decides their words, half of them content."""
    draw = random.Random(seed)
    moods = [draw.random() < 0.5 for _ in range(count)]
    said = ["thanks, that works" if mood else "this is still broken" for mood in moods]
    turns = [(Turn("customer", f"{words} {draw.choice('abcdef')}"),) for words in said]
    return read_conversations(turns), np.where(moods, 5, 1).astype(np.float32)


def test_facts_are_those_counted_by_hand() -> None:
    found = dict(zip(FACTS, read_conversations([TALK]).facts[0].tolist(), strict=True))
    assert found["customer turns"] == pytest.approx(np.log1p(3))
    assert (found["customer repeats"], found["agent repeats"]) == (1, 1)
    assert found["negations"] == pytest.approx(2 / 3)
    assert (found["thanks"], found["thanks in the last turn"]) == (1, 1)
    assert (found["regrets of the agent"], found["regret just before"]) == (2, 1)
    assert found["questions"] == 0
    assert found["exclamations"] == pytest.approx(2 / 3)
    assert found["mean polarity"] == pytest.approx(-0.4)
    assert found["polarity of the last two"] == pytest.approx(-0.35)
    assert found["lowest polarity"] == pytest.approx(-0.8)


def test_turns_know_nothing_of_what_follows() -> None:
    whole, begun = read_turns([TALK]), read_turns([TALK[:4]])
    assert whole.said[:2] == begun.said
    assert whole.heard == (
        "Hello, how can I help?",
        *("Sorry, what is the number?",) * 2,
    )
    np.testing.assert_array_equal(whole.facts[:2], begun.facts)
    np.testing.assert_array_equal(whole.facts[-1:], read_conversations([TALK]).facts)


def test_what_words_decide_is_found_out_of_fold() -> None:
    known, ratings = reading(120)
    groups = list(range(120))
    held = held_out(known, ratings, groups, fit_satisfaction)
    found = errors(ratings, held, groups)
    assert found["spearman"].value > 0.8
    assert found["low_f1"].value == pytest.approx(1)
    assert held.estimates.min() >= 1
    assert held.estimates.max() <= 5


def test_ratings_without_a_reason_are_not_found() -> None:
    known, ratings = reading(200)
    shuffled = np.random.default_rng(1).permutation(ratings)
    held = held_out(known, shuffled, range(200), fit_satisfaction)
    found = errors(shuffled, held, range(200))["spearman"]
    assert found.low < 0.1
    assert found.value < 0.25


def test_errors_are_those_of_other_libraries() -> None:
    draw = np.random.default_rng(3)
    ratings = draw.integers(1, 6, 300).astype(np.float32)
    estimates = (ratings + draw.normal(0, 2, 300)).astype(np.float32)
    called = estimates < 2.5
    found = errors(ratings, Held(estimates, called), range(300))
    assert found["spearman"].value == pytest.approx(spearmanr(ratings, estimates).statistic)
    assert found["low_f1"].value == pytest.approx(f1_score(ratings < 3, called))
    assert found["macro_f1"].value == pytest.approx(f1_score(ratings < 3, called, average="macro"))
    assert all(one.low < one.value < one.high for one in found.values())


def test_intervals_of_grouped_rows_are_wider() -> None:
    draw = np.random.default_rng(4)
    mood, guess = draw.normal(3, 0.5, 40), draw.normal(3, 0.5, 40)
    ratings = np.clip(np.repeat(mood, 20), 1, 5).astype(np.float32)
    held = Held(np.repeat(guess, 20).astype(np.float32), np.repeat(guess < 3, 20))
    alone = errors(ratings, held, range(800))["spearman"]
    grouped = errors(ratings, held, [row // 20 for row in range(800)])["spearman"]
    assert grouped.value == pytest.approx(alone.value)
    assert grouped.high - grouped.low > 2 * (alone.high - alone.low)


@given(st.lists(st.tuples(st.integers(1, 5), st.booleans()), min_size=2, max_size=12))
def test_no_bound_has_a_better_f1(rows: list[tuple[int, bool]]) -> None:
    estimates = np.array([value for value, _ in rows], dtype=np.float32)
    low = np.array([told for _, told in rows])
    bound = low_bound(estimates, low)
    if not low.any():
        assert bound == 3
        return
    best = max(f1_score(low, estimates < other) for other in np.arange(0.5, 7))
    assert f1_score(low, estimates < bound) == pytest.approx(best)


@given(st.lists(st.integers(0, 5), min_size=6, max_size=40).filter(lambda one: len(set(one)) > 2))
def test_groups_are_never_parted(groups: list[int]) -> None:
    held = []
    for known, unknown in folds(groups, 3):
        assert not {groups[row] for row in known} & {groups[row] for row in unknown}
        held += unknown.tolist()
    assert sorted(held) == list(range(len(groups)))


def test_mistakes_say_what_was_expected() -> None:
    known, ratings = reading(9)
    ratings[0] = 0.5
    with pytest.raises(ValueError, match=r"expected 9 ratings of 1 to 5, got 9 from 0.5 to 5"):
        fit_satisfaction(known, ratings, range(9))
    ratings[0] = 1
    with pytest.raises(ValueError, match="expected 3 conversations or more"):
        fit_satisfaction(known, ratings, [0] * 9)
    with pytest.raises(ValueError, match="reads sentence vectors"):
        fit_satisfaction(known, ratings, range(9), parts=("vectors",))
    with pytest.raises(ValueError, match="expected as many"):
        Reading(("a",), (), np.zeros((1, len(FACTS)), np.float32))
