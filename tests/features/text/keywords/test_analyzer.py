"""Keywords are the rare words of a text, in both languages."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from features.text.keywords import KeywordAnalyzer, WordWeights, fit_weights

COMMON = ["the delivery arrived", "快递 送到", "delivery 快递 again"] * 10


def keywords(text: str, count: int = 3) -> list[str]:
    analyzer = KeywordAnalyzer(weights=fit_weights(COMMON), count=count, state="s")
    found: list[str] = analyzer.analyze([text])["keywords"].to_pylist()[0]
    return found


def test_rare_words_come_first_and_numbers_never() -> None:
    assert keywords("delivery of my guitar 5551234", 1) == ["guitar"]
    assert keywords("快递把耳机弄坏了", 1) == ["耳机"]


def test_repetition_counts_and_ties_keep_the_order_of_the_text() -> None:
    assert keywords("guitar amp pedal amp") == ["amp", "guitar", "pedal"]


def test_a_text_without_words_has_no_keywords() -> None:
    assert keywords("!!! 123 👍") == []


def test_nothing_to_learn_from_is_no_obstacle() -> None:
    for texts in ([], ["123"]):
        weights = fit_weights(texts)
        assert weights.idf == {}
        analyzer = KeywordAnalyzer(weights=weights, count=2, state="s")
        assert analyzer.analyze(["nice guitar"])["keywords"].to_pylist() == [["nice", "guitar"]]


def test_the_round_trip_changes_nothing() -> None:
    analyzer = KeywordAnalyzer(weights=fit_weights(COMMON), count=2, state="s")
    back = KeywordAnalyzer.of(analyzer.arrays(), count=2, state="s")
    assert back.version == analyzer.version
    assert back.analyze(COMMON).equals(analyzer.analyze(COMMON))


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(ValidationError):
        KeywordAnalyzer(weights=WordWeights({}, 1.0), count=0, state="s")
