"""The filter flags what is not worth reading and keeps what is, measured on messages of our own."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from hydra.utils import instantiate
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from features.text.base import Analyzer
from features.text.quality.analyzer import QUALITIES, QualityAnalyzer
from features.text.quality.evidence import kinds, spam
from features.text.quality.noise import filler, gibberish
from features.text.quality.table import write_quality
from ingest.store import Store

ROOT = Path(__file__).resolve().parents[4]
GOLDEN = yaml.safe_load((ROOT / "tests/golden/text/quality.yaml").read_text("utf-8"))


def half(first: int) -> list[tuple[str, str]]:
    return [(text, label) for label, texts in GOLDEN.items() for text in texts[first::2]]


def scores(rows: Sequence[tuple[str, str]]) -> dict[str, tuple[float, float]]:
    """Return precision and recall of each kind, and of flagging anything at all."""
    found = QualityAnalyzer().analyze([text for text, _ in rows])["quality"].to_pylist()
    pairs = list(zip(found, [label for _, label in rows], strict=True))
    out = {}
    for kind in QUALITIES:
        right = sum(got == label == kind for got, label in pairs)
        out[kind] = (
            right / sum(got == kind for got, _ in pairs),
            right / sum(label == kind for _, label in pairs),
        )
    flags = [(got != "informative", label != "informative") for got, label in pairs]
    both = sum(got and label for got, label in flags)
    out["flagged"] = (
        both / sum(got for got, _ in flags),
        both / sum(label for _, label in flags),
    )
    return out


def test_the_golden_set_is_large_and_mixed() -> None:
    texts = [text for texts in GOLDEN.values() for text in texts]
    assert len(texts) == len(set(texts)) >= 240
    assert set(GOLDEN) == set(QUALITIES)
    assert 80 <= sum(text.isascii() for text in texts) <= len(texts) - 80


@pytest.mark.parametrize("first", [0, 1], ids=["seen", "held out"])
def test_precision_and_recall(first: int) -> None:
    found = scores(half(first))
    assert found["flagged"][0] >= 0.97
    assert found["flagged"][1] >= 0.95
    for kind in ("spam", "non_informative", "near_empty"):
        assert min(found[kind]) >= 0.9, kind
    assert min(found["gibberish"]) >= 0.85


@pytest.mark.parametrize(
    ("text", "quality", "reason"),
    [
        ("你撤回了一条消息", "non_informative", "notice: recalled"),
        ("👍👍", "non_informative", "stickers only"),
        ("差评差评差评差评", "informative", ""),
        ("差差差差差差", "informative", ""),
        ("太慢,太慢,太慢", "informative", ""),
        ("12345678", "gibberish", "digits in order"),
        ("20240513998", "informative", ""),
        ("好的,但是屏幕坏了", "informative", ""),
        ("", "near_empty", "next to nothing"),
        ("兼职日结,加薇 abc2024", "spam", "contact_swap + offer + reach"),
    ],
)
def test_reasons_are_told(text: str, quality: str, reason: str) -> None:
    row = QualityAnalyzer().analyze([text]).to_pylist()[0]
    assert (row["quality"], row["reason"]) == (quality, reason)


def test_a_customers_concern_speaks_against_spam() -> None:
    advert, _ = spam("点击链接免费领取大奖 http://a.example")
    concern, _ = spam("你们说点击链接免费领取,为什么打不开 http://a.example")
    assert advert > concern


def test_scores_order_messages() -> None:
    texts = ["屏幕一直闪,怎么修", "快来看看,专业店铺", "加v abc123 刷单日结", "?"]
    found = QualityAnalyzer().analyze(texts)["quality_score"].to_pylist()
    assert found == sorted(found, reverse=True)


def test_evidence_is_weighed_and_concern_comes_last() -> None:
    weights = [kind.weight for kind in kinds()]
    assert all(weight > 0 for weight in weights[:-1])
    assert weights[-1] < 0
    assert all(piece == piece.lower() for kind in kinds() for piece in (*kind.zh, *kind.en))


def test_fillers_and_gibberish_need_nothing_else() -> None:
    assert not filler("谢谢,还没收到")
    assert not filler("x" * 99)
    assert gibberish("ã¥â¥â½ã§") == "broken encoding"
    assert gibberish("bad sound asdf") == ""
    assert gibberish("zxqj vwkp gzxv") == "no words"


@given(st.text(max_size=60))
def test_any_text_is_judged(text: str) -> None:
    row = QualityAnalyzer().analyze([text]).to_pylist()[0]
    assert row["quality"] in QUALITIES
    assert 0 <= row["quality_score"] <= 1


def test_long_texts_take_linear_time() -> None:
    for piece in ("好的", "ok ", "a", "加", "嗯嗯在", "asdf", "1"):
        assert QualityAnalyzer().analyze([piece * 20_000]).num_rows == 1
        assert QualityAnalyzer().analyze([piece * 12]).num_rows == 1


def test_the_configured_analyzer_is_picklable() -> None:
    analyzer = instantiate(OmegaConf.load(ROOT / "conf/analyzer/quality.yaml"))
    assert isinstance(analyzer, Analyzer)
    assert analyzer.version == QualityAnalyzer().version
    assert analyzer.version != QualityAnalyzer(threshold=2).version
    again = pickle.loads(pickle.dumps(analyzer))
    assert again.analyze(["好的"]) == analyzer.analyze(["好的"])
    assert analyzer.analyze([]).schema == QualityAnalyzer.schema
    with pytest.raises(ValueError, match="more than 0"):
        QualityAnalyzer(threshold=0)


def test_the_summary_counts_every_source(
    store: Store, tmp_path: Path, add_message: Callable[..., None], add_reviews: Any
) -> None:
    add_reviews(
        store, [("太慢了", None), ("太慢了", None), ("", None), ("加v abc123 刷单日结", None)]
    )
    for number, text in enumerate(["👍", "好的", "你已添加了小王,现在可以开始聊天了", "asdfghjkl"]):
        add_message(store, f"m{number}", text)
    add_message(store, "m4", "说错了", recalled=True)
    for number in range(3):
        add_message(store, f"t{number}", "本店新品上市欢迎大家前来选购", customer_id=f"c{number}",
                    source="wechat")  # fmt: skip
    rows = {(row["table"], row["source"]): row for row in write_quality(tmp_path, store)}
    reviews, chat = rows["feedback", "test"], rows["messages", "test"]
    assert (reviews["rows"], reviews["missing"], reviews["duplicates"]) == (4, 1, 1)
    assert (reviews["spam"], reviews["spam_share"]) == (1, 0.25)
    assert (chat["stickers_only"], chat["notices"], chat["recalled"]) == (1, 1, 1)
    assert (chat["gibberish"], chat["templates"]) == (1, 0)
    assert rows["messages", "wechat"]["templates"] == 3
    assert rows["messages", "wechat"]["duplicates"] == 2
    assert orjson.loads((tmp_path / "quality.json").read_bytes()) == list(rows.values())


def test_a_store_without_texts_has_an_empty_summary(store: Store, tmp_path: Path) -> None:
    assert write_quality(tmp_path, store) == []
