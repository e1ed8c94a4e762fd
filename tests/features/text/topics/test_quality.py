"""Coherence by its definition, diversity, and topics that are none."""

from __future__ import annotations

import numpy as np
import pytest

from features.text.topics import TopicAnalyzer, TopicModel
from features.text.topics.quality import (
    TopicQuality,
    coherence,
    diversity,
    evenness,
    hellinger,
    judge,
)

DOCUMENTS = [["a", "b"]] * 4 + [["a", "c"]] * 2 + [["c", "d"]] * 4


def by_definition(one: str, other: str) -> float:
    """NPMI of two words, a text counting as one event."""
    n = len(DOCUMENTS)
    first = sum(one in text for text in DOCUMENTS) / n
    second = sum(other in text for text in DOCUMENTS) / n
    both = sum(one in text and other in text for text in DOCUMENTS) / n
    return float(np.log(both / (first * second)) / -np.log(both))


def test_c_npmi_is_the_mean_over_pairs() -> None:
    pairs = coherence([["a", "b"], ["a", "c"], ["c", "d"]], DOCUMENTS)
    expected = [by_definition("a", "b"), by_definition("a", "c"), by_definition("c", "d")]
    np.testing.assert_allclose(pairs, expected, atol=1e-9)
    three = coherence([["a", "b", "c"]], DOCUMENTS)[0]
    never = coherence([["b", "c"]], DOCUMENTS)[0]
    assert never < -0.8
    assert three == pytest.approx((expected[0] + expected[1] + never) / 3)


def test_every_measure_prefers_words_that_meet() -> None:
    documents = [["a", "b", "c"]] * 20 + [["d", "e", "f"]] * 20
    for measure in ("c_npmi", "c_npmi_window", "c_v"):
        good, bad = coherence([["a", "b", "c"], ["a", "e", "c"]], documents, measure)
        assert good > bad + 0.2


def test_without_words_nothing_is_coherent() -> None:
    assert coherence([[], []], DOCUMENTS).tolist() == [0, 0]


def test_diversity_counts_words_once() -> None:
    assert diversity([["a", "b"], ["c", "d"]]) == 1
    assert diversity([["a", "b"], ["a", "b"]]) == 0.5
    assert diversity([]) == 0


def test_evenness_and_distance_have_their_ends() -> None:
    even, sharp = np.full((1, 4), 0.25), np.array([[1.0, 0, 0, 0]])
    assert evenness(even)[0] == pytest.approx(1)
    assert evenness(sharp)[0] == pytest.approx(0)
    assert hellinger(sharp, sharp)[0, 0] == pytest.approx(0)
    assert hellinger(sharp, sharp[:, ::-1])[0, 0] == pytest.approx(1)


def test_each_kind_of_junk_is_told() -> None:
    documents = [["a", "b"]] * 20 + [["c", "d"]] * 20
    background = np.array([0.25, 0.25, 0.25, 0.25])
    good, even = [0.49, 0.49, 0.01, 0.01], [0.25, 0.25, 0.25, 0.25]
    word = np.array([good, even, [0.49, 0.01, 0.49, 0.01]], np.float32)
    told = judge([["a", "b"], ["a", "b"], ["a", "c"]], word, background, documents)
    assert told.junk.tolist() == [False, True, True]
    copied = judge([["a", "b"]], word[:1], np.array(good), documents)
    assert copied.junk.tolist() == [True]


def test_junk_is_no_subject() -> None:
    word = np.array([[0.9, 0.1], [0.1, 0.9]], np.float32)
    quality = TopicQuality(np.array([0.3, -0.2]), np.array([0.6, 0.2]), np.array([False, True]))
    model = TopicModel(("guitar", "stuff"), word, np.ones(2, np.float32), quality)
    analyzer = TopicAnalyzer(model=model, state="")
    table = analyzer.analyze(["guitar guitar", "stuff stuff"])
    assert table["topic"].to_pylist() == [0, -1]
    assert np.array(table["topics"].to_pylist()).argmax(axis=1).tolist() == [0, 1]
    back = TopicAnalyzer.of(analyzer.arrays(), state="").model.quality
    assert back is not None
    assert back.junk.tolist() == [False, True]


def test_quality_of_differently_many_topics_is_refused() -> None:
    with pytest.raises(ValueError, match="expected three arrays"):
        TopicQuality(np.zeros(2), np.zeros(2), np.zeros(3, bool))
