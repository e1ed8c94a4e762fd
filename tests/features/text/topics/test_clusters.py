"""Clusters of sentence vectors answer through the same face as word topics."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from features.text.topics import (
    ClusterModel,
    TopicAnalyzer,
    TopicModel,
    fit_clusters,
    fit_topic_model,
)
from features.text.topics.clusters import class_tf_idf

SUBJECTS = {"快递": "物流 包裹 配送", "guitar": "strings amplifier pedal", "酒店": "房间 前台 早餐"}
TEXTS = [
    f"{name} {words} {number}"
    for name, words in SUBJECTS.items()
    for number in range(26 if name == "guitar" else 20)
]


def planted(texts: Sequence[str]) -> np.ndarray:
    """Vectors that hold the planted subject, and a little of nothing else."""
    rows = [[name in text or i == 3 for i, name in enumerate([*SUBJECTS, ""])] for text in texts]
    matrix = np.array(rows, np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    return matrix


@pytest.fixture(scope="module")
def model() -> ClusterModel:
    return fit_clusters(TEXTS, planted, topics=3, seed=1)


def test_planted_clusters_are_found_and_named_the_largest_first(model: ClusterModel) -> None:
    assert set(model.top_words(0)[:4]) == {"guitar", "strings", "amplifier", "pedal"}
    named = [set(model.top_words(topic)[:4]) for topic in range(3)]
    assert {"快递", "物流", "包裹", "配送"} in named
    np.testing.assert_allclose(model.alpha, [26 / 66, 20 / 66, 20 / 66], rtol=1e-6)
    assert model.quality is not None
    assert not model.quality.junk.any()


def test_shares_follow_the_nearest_center(model: ClusterModel) -> None:
    table = TopicAnalyzer(model=model, state="").analyze(["guitar", "123 !", "酒店", "快递"])
    first, none, *others = table["topic"].to_pylist()
    assert (first, none, sorted(others)) == (0, -1, [1, 2])
    shares = np.array(table["topics"].to_pylist())
    np.testing.assert_allclose(shares.sum(axis=1), [1, 0, 1, 1], atol=1e-5)


def test_the_round_trip_changes_nothing_and_needs_vectors(model: ClusterModel) -> None:
    analyzer = TopicAnalyzer(model=model, state="x")
    back = TopicAnalyzer.of(analyzer.arrays(), state="x", vectors=planted)
    assert back.analyze(TEXTS).equals(analyzer.analyze(TEXTS))
    with pytest.raises(ValueError, match="pass vectors="):
        TopicAnalyzer.of(analyzer.arrays(), state="x")


def test_fitting_is_repeatable_by_either_name(model: ClusterModel) -> None:
    again = fit_topic_model(TEXTS, planted, kind="clusters", topics=3, seed=1)
    assert isinstance(again, ClusterModel)
    np.testing.assert_array_equal(model.centers, again.centers)
    np.testing.assert_array_equal(model.topic_word, again.topic_word)
    words = fit_topic_model(TEXTS, planted, topics=3, iterations=20)
    assert isinstance(words, TopicModel)


@pytest.mark.parametrize("texts", [[], ["123"], ["快递 物流"] * 10])
def test_too_little_text_gives_no_topics(texts: list[str]) -> None:
    model = fit_clusters(texts, planted, topics=4)
    assert model.vocabulary == ()
    found = TopicAnalyzer(model=model, state="").analyze(["快递"])
    assert found.to_pylist() == [{"topic": -1, "topics": [0, 0, 0, 0]}]


def test_class_tf_idf_is_what_the_paper_says() -> None:
    counts = np.array([[3.0, 1.0, 0.0], [0.0, 1.0, 3.0]])
    raw = np.sqrt(counts / 4) * np.log1p(4 / counts.sum(axis=0))
    np.testing.assert_allclose(class_tf_idf(counts), raw / raw.sum(axis=1, keepdims=True))
    np.testing.assert_array_equal(class_tf_idf(np.zeros((1, 2))), np.zeros((1, 2)))


def test_arrays_that_do_not_fit_are_refused() -> None:
    word = np.ones((2, 1), np.float32)
    with pytest.raises(ValueError, match="as many centers"):
        ClusterModel(("a",), word, np.ones(2, np.float32), None, np.ones((3, 4)), planted)
