"""Topics that were planted are found again."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pytest

from features.text.topics import TopicAnalyzer, TopicModel, fit_topics

PLANTED = [
    ["快递", "物流", "包裹", "配送", "运费", "发货"],
    ["guitar", "strings", "amplifier", "pedal", "tuner", "cable"],
    ["酒店", "房间", "前台", "早餐", "空调", "床单"],
]


def planted(count: int, seed: int = 0) -> tuple[list[str], list[int]]:
    generator = random.Random(seed)
    subjects = [number % 3 for number in range(count)]
    texts = [" ".join(generator.sample(PLANTED[subject], 4)) for subject in subjects]
    return [f"{text} {number}" for number, text in enumerate(texts)], subjects


@pytest.fixture(scope="module")
def model() -> TopicModel:
    return fit_topics(planted(240)[0], topics=3, iterations=100, seed=1)


def test_planted_topics_are_found(model: TopicModel) -> None:
    found = [set(model.top_words(topic)[:6]) for topic in range(3)]
    assert sorted(map(sorted, found)) == sorted(map(sorted, PLANTED))
    texts, subjects = planted(60, seed=5)
    largest = TopicAnalyzer(model=model, state="").analyze(texts)["topic"].to_numpy()
    pairs = set(zip(largest.tolist(), subjects, strict=True))
    assert len(pairs) == 3


def test_shares_sum_to_one_and_unknown_texts_have_none(model: TopicModel) -> None:
    table = TopicAnalyzer(model=model, state="").analyze(["快递 物流", "zzz unknown", ""])
    shares = np.array(table["topics"].to_pylist())
    np.testing.assert_allclose(shares.sum(axis=1), [1, 0, 0], atol=1e-5)
    assert table["topic"].to_pylist()[1:] == [-1, -1]
    assert table.schema.field("topic").type == pa.int16()


def test_a_mixed_text_has_a_share_of_both(model: TopicModel) -> None:
    shares = model.shares(["快递 物流 包裹 guitar strings pedal"])[0]
    assert np.sort(shares)[1] > 0.35


def test_the_answer_does_not_depend_on_the_batch(model: TopicModel) -> None:
    texts = planted(50, seed=2)[0]
    together = model.shares(texts)
    alone = np.concatenate([model.shares([text]) for text in texts])
    np.testing.assert_array_equal(together, alone)


def test_fitting_is_repeatable_and_survives_the_round_trip(model: TopicModel) -> None:
    again = fit_topics(planted(240)[0], topics=3, iterations=100, seed=1)
    np.testing.assert_array_equal(model.topic_word, again.topic_word)
    assert model.vocabulary == again.vocabulary
    analyzer = TopicAnalyzer(model=model, state="x")
    back = TopicAnalyzer.of(analyzer.arrays(), state="x")
    texts = planted(10)[0]
    assert analyzer.analyze(texts).equals(back.analyze(texts))
    assert back.version == analyzer.version


def test_rare_common_and_junk_words_are_left_out() -> None:
    texts = [f"{text} everywhere aaaaaa 哈哈哈哈" for text in planted(120)[0]]
    texts[0] += " singleton"
    words = set(fit_topics(texts, topics=3, iterations=20, seed=1).vocabulary)
    assert words == {word for topic in PLANTED for word in topic}


@pytest.mark.parametrize("texts", [[], ["123", "!!"], ["快递 物流"] * 10])
def test_too_little_text_gives_no_topics_rather_than_an_error(texts: list[str]) -> None:
    model = fit_topics(texts, topics=4)
    assert model.vocabulary == ()
    table = TopicAnalyzer(model=model, state="").analyze(["快递 物流"])
    assert table.to_pylist() == [{"topic": -1, "topics": [0, 0, 0, 0]}]


def test_arrays_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="expected topic_word of shape"):
        TopicModel(("a",), np.zeros((2, 2), np.float32), np.ones(2, np.float32))
