"""Signals are heard with the words that give them, measured on messages of our own."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import yaml
from hydra.utils import instantiate
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf
from pydantic import ValidationError

from features.text.base import Analyzer
from features.text.signals import cues
from features.text.signals.analyzer import SignalAnalyzer
from features.text.signals.cues import SIGNALS, all_cues

ROOT = Path(__file__).resolve().parents[4]
GOLDEN: dict[str, Any] = yaml.safe_load(
    (ROOT / "tests/golden/text/signals.yaml").read_text("utf-8")
)
HEARD = [signal for signal in SIGNALS if signal != "urgency"]
ANALYZER = SignalAnalyzer()


def rows(first: int | None = None) -> list[tuple[str, set[str]]]:
    """Return messages with their signals: of one half, or all."""
    found = []
    for name in (*HEARD, "none"):
        texts = GOLDEN[name] if first is None else GOLDEN[name][first::2]
        own = set() if name == "none" else {name}
        found += [(text, own | set(GOLDEN["also"].get(text, []))) for text in texts]
    return found


def signals(texts: list[str]) -> list[set[str]]:
    return [
        {found["signal"] for found in row} for row in ANALYZER.analyze(texts)["signals"].to_pylist()
    ]


def test_the_golden_set_is_large() -> None:
    assert len({text for text, _ in rows()}) >= 180
    assert all(len(GOLDEN[name]) >= 22 for name in HEARD)


@pytest.mark.parametrize("first", [0, 1], ids=["seen", "held out"])
def test_precision_and_recall(first: int) -> None:
    told = rows(first)
    heard = signals([text for text, _ in told])
    for signal in HEARD:
        both = sum(
            signal in found and signal in gold for found, (_, gold) in zip(heard, told, strict=True)
        )
        assert both / sum(signal in found for found in heard) >= 0.9, signal
        assert both / sum(signal in gold for _, gold in told) >= 0.8, signal


def test_the_twenty_most_willing_to_buy() -> None:
    told = rows()
    scores = ANALYZER.analyze([text for text, _ in told])["purchase_intent"].to_pylist()
    best = sorted(zip(scores, told, strict=True), key=lambda row: -row[0])[:20]
    assert sum("purchase_intent" in gold for _, (_, gold) in best) >= 19


@pytest.mark.parametrize("first", [0, 1], ids=["seen", "held out"])
def test_urgency_comes_from_evidence(first: int) -> None:
    urgent = ANALYZER.analyze(GOLDEN["urgent"][0][first::2])["urgency"].to_pylist()
    calm = ANALYZER.analyze(GOLDEN["calm"][0][first::2])["urgency"].to_pylist()
    assert min(urgent) >= 0.5 > max(calm)


def test_the_same_message_is_always_as_urgent() -> None:
    texts = ["急!明天要用", "已经第三次联系你们了", "不着急"]
    assert ANALYZER.analyze(texts) == SignalAnalyzer().analyze(texts)
    more = ANALYZER.analyze(["马上处理", "马上处理!", "马上处理!!!", "马上处理,今天必须"])
    scores = more["urgency"].to_pylist()
    assert scores[0] < scores[1] < scores[2]
    assert scores[0] < scores[3]


def test_what_speaks_against_lowers_the_score() -> None:
    wants, wanted = ANALYZER.analyze(["我想买两个", "我不想买了,之前买了两个"])["purchase_intent"]
    assert wants.as_py() > 0.5 > wanted.as_py()


def test_evidence_is_in_the_text() -> None:
    text = "THE APP \uff4beeps crashing, \u5ba2\u670d\u4e0d\u56de\u590d"
    for row in ANALYZER.analyze([text])["signals"].to_pylist()[0]:
        assert text[row["start"] : row["end"]] == row["evidence"] != ""


@given(
    st.text(st.sampled_from("急马上建议客服不回复想买 please add! asap 曝光,。") | st.characters())
)
def test_any_message_is_answered(text: str) -> None:
    row = ANALYZER.analyze([text]).to_pylist()[0]
    assert 0 <= row["urgency"] <= 1
    assert 0 <= row["purchase_intent"] <= 1
    for found in row["signals"]:
        assert found["signal"] in HEARD
        assert 0.5 <= found["score"] <= 1
        assert text[found["start"] : found["end"]] == found["evidence"]


def test_the_cues_are_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(all_cues()) == set(SIGNALS)
    (tmp_path / "cues.yaml").write_text("joy: {}\n")
    monkeypatch.setattr(cues, "_FILE", tmp_path / "cues.yaml")
    with pytest.raises(ValueError, match="joy"):
        all_cues.__wrapped__()
    with pytest.raises(ValidationError, match="threshold"):
        SignalAnalyzer(threshold=0)


def test_the_configured_analyzer_is_picklable() -> None:
    analyzer = instantiate(OmegaConf.load(ROOT / "conf/analyzer/signals.yaml"))
    assert isinstance(analyzer, Analyzer)
    assert analyzer.version == ANALYZER.version
    again = pickle.loads(pickle.dumps(analyzer))
    assert again.analyze(["想买"]) == ANALYZER.analyze(["想买"])
    assert analyzer.analyze([]).schema == SignalAnalyzer.schema
