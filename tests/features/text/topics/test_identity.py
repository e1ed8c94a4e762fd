"""Topics keep their ids, new ones get new ids, retired ids stay retired."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.text.topics import TopicModel, fit_topics
from features.text.topics.identity import Change, Memory, identify, match
from tests.features.text.topics.test_lda import planted

WORDS = tuple("abcdef")


def model(*rows: list[float]) -> TopicModel:
    return TopicModel(WORDS, np.array(rows, np.float32), np.ones(len(rows), np.float32))


A, B, C = [0.5, 0.5, 0, 0, 0, 0], [0, 0, 0.5, 0.5, 0, 0], [0, 0, 0, 0, 0.5, 0.5]


def test_ids_follow_the_words_wherever_the_topic_stands() -> None:
    first = identify(model(A, B), Memory(), state="1")
    assert first.ids == (0, 1)
    assert [change.event for change in first.changes] == ["born", "born"]
    second = identify(model(B, A), first, state="2")
    assert second.ids == (1, 0)
    assert second.changes == first.changes


def test_a_subject_that_comes_back_is_new_and_ids_are_not_reused() -> None:
    memory = identify(model(A, B), Memory(), state="1")
    memory = identify(model(A, C), memory, state="2")
    assert memory.ids == (0, 2)
    assert memory.changes[2:] == (
        Change(state="2", event="died", topic=1),
        Change(state="2", event="born", topic=2),
    )
    memory = identify(model(A, B), memory, state="3")
    assert memory.ids == (0, 3)
    assert memory.next_id == 4


def test_merges_and_splits_name_the_other_topic() -> None:
    two = identify(model(A, B), Memory(), state="1")
    both = [0.3, 0.3, 0.2, 0.2, 0, 0]
    one = identify(model(both), two, state="2")
    assert one.ids == (0,)
    assert one.changes[-1] == Change(state="2", event="merged", topic=1, other=0)
    again = identify(model(A, B), one, state="3")
    assert again.ids == (0, 2)
    assert again.changes[-1] == Change(state="3", event="split", topic=2, other=0)


def test_the_same_state_and_no_topics_change_nothing() -> None:
    memory = identify(model(A, B), Memory(), state="1")
    assert identify(model(B, A), memory, state="1") is memory
    none = TopicModel((), np.zeros((2, 0), np.float32), np.ones(2, np.float32))
    gone = identify(none, memory, state="2")
    assert gone.ids == ()
    assert [change.event for change in gone.changes[2:]] == ["died", "died"]


def test_memory_survives_json() -> None:
    memory = identify(model(A, B), Memory(), state="1")
    assert Memory.model_validate_json(memory.model_dump_json()) == memory


def test_a_real_refit_keeps_ids() -> None:
    texts = planted(240)[0]
    before = identify(fit_topics(texts, topics=3, iterations=100, seed=1), Memory(), state="1")
    refit = fit_topics(texts + planted(300, seed=9)[0], topics=3, iterations=100, seed=2)
    after = identify(refit, before, state="2")
    assert sorted(after.ids) == [0, 1, 2]
    for identity, words in zip(after.ids, after.words, strict=True):
        assert max(words, key=words.__getitem__) in before.words[before.ids.index(identity)]


@given(st.permutations(range(3)), st.integers(0, 99))
def test_matching_is_found_under_any_order_and_a_little_noise(order: list[int], seed: int) -> None:
    noise = random.Random(seed)
    rows = [A, B, C]
    old = [dict(zip(WORDS, row, strict=True)) for row in rows]
    new = [
        dict(zip(WORDS, [0.9 * value + 0.1 * noise.random() for value in rows[place]], strict=True))
        for place in order
    ]
    assert match(old, new).before == tuple(order)


def test_an_overlap_below_the_least_is_no_match() -> None:
    found = match([{"a": 1.0}], [{"a": 0.25, "b": 0.75}], least=0.6)
    assert found.before == (None,)
    assert found.overlap[0, 0] == pytest.approx(0.5)
