"""Words that a business adds stay whole, in any script, wherever they stand."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from features.text.keywords import Dictionary, KeywordAnalyzer, fit_weights
from features.text.tokenize import words

GOLDEN = yaml.safe_load(
    (Path(__file__).parents[3] / "golden/text/keywords.yaml").read_text("utf-8")
)
OURS = Dictionary(words=tuple(GOLDEN["words"]), stop=tuple(GOLDEN["stop"]))


@pytest.mark.parametrize("case", GOLDEN["texts"], ids=lambda case: case["text"][:12])
def test_golden_keywords(case: dict) -> None:
    weights = fit_weights(GOLDEN["corpus"], OURS)
    count = len(case["keywords"])
    analyzer = KeywordAnalyzer(weights=weights, count=count, state="", dictionary=OURS)
    found = analyzer.analyze([case["text"]])["keywords"].to_pylist()[0]
    assert set(found) == set(case["keywords"])


def test_without_added_words_the_names_fall_apart() -> None:
    assert "小蜜蜂扩音器" not in words("小蜜蜂扩音器坏了")
    assert "小蜜蜂扩音器" in OURS.words_of("小蜜蜂扩音器坏了")
    assert OURS.words_of("CLOUD NINE PRO") == ["cloud nine pro"]  # width and case
    assert "cloud nine pro" not in OURS.words_of("cloud nine process")


def test_what_the_segmenter_still_cuts_is_merged() -> None:
    ours = Dictionary(words=("和服务员", "机器人"))
    assert "和服务员" in ours.words_of("酒店和服务员")
    plain = Dictionary(words=("和服",))
    assert "服务" in plain.words_of("产品和服务")


@given(st.text(alphabet="快递客服很好 abc小蜜蜂扩音器.!", max_size=30))
def test_nothing_added_changes_nothing(text: str) -> None:
    assert Dictionary().words_of(text) == words(text)


@given(
    st.text(alphabet="快递很好 ab,。", max_size=12), st.text(alphabet="快递很好 ab,。", max_size=12)
)
def test_an_added_word_between_spaces_is_always_found(before: str, after: str) -> None:
    assert "云鲸智能" in OURS.words_of(f"{before} 云鲸智能 {after}")


def test_versions_follow_the_words_and_survive_pickling_and_arrays() -> None:
    assert Dictionary().version == ""
    assert OURS.version != Dictionary(words=OURS.words).version != ""
    assert pickle.loads(pickle.dumps(OURS)) == OURS
    weights = fit_weights(GOLDEN["corpus"], OURS)
    analyzer = KeywordAnalyzer(weights=weights, count=2, state="", dictionary=OURS)
    back = KeywordAnalyzer.of(analyzer.arrays(), count=2, state="")
    assert back.dictionary == OURS
    assert back.version == analyzer.version


@pytest.mark.parametrize("words", [("",), ("!!",)])
def test_words_without_a_letter_are_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="expected at least a letter or digit"):
        Dictionary(words=words)
