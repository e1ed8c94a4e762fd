"""Each opinion finds its target, in both languages; measured on sentences of our own."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hydra.utils import instantiate
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf
from pydantic import ValidationError

from features.text.aspects.analyzer import AspectAnalyzer
from features.text.aspects.taxonomy import Aspect, AspectTaxonomy, named_aspects
from features.text.aspects.terms import lexicon
from features.text.base import Analyzer
from features.text.entities.products import Catalog

ROOT = Path(__file__).resolve().parents[4]
GOLDEN = yaml.safe_load((ROOT / "tests/golden/text/aspects.yaml").read_text("utf-8"))
ANALYZER = AspectAnalyzer()


def found(text: str, analyzer: AspectAnalyzer = ANALYZER) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = analyzer.analyze([text])["aspects"].to_pylist()[0]
    return rows


def signs(text: str) -> list[tuple[str, str, str]]:
    return [
        (row["target"], row["aspect"], "+" if row["polarity"] > 0 else "-") for row in found(text)
    ]


def scores(rows: Sequence[Sequence[str]]) -> tuple[float, float]:
    """Return F1 of the targets, and the share of those found that have the right sign."""
    both = ours = theirs = right = 0
    for text, *marked in rows:
        gold = {target[:-1]: target[-1] for target in marked}
        got = {target: sign for target, _, sign in signs(text) if target}
        same = gold.keys() & got.keys()
        both, ours, theirs = both + len(same), ours + len(got), theirs + len(gold)
        right += sum(gold[target] == got[target] for target in same)
    return 2 * both / (ours + theirs), right / both


def test_the_golden_set_is_large_and_true_to_its_texts() -> None:
    rows = [row for part in GOLDEN.values() for row in part]
    assert len(rows) >= 150
    assert len({row[0] for row in rows}) == len(rows)
    assert all(
        target[-1] in "+-" and target[:-1] in text for text, *marked in rows for target in marked
    )
    assert sum(len(row) == 1 for row in rows) >= 10


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("first", [0, 1], ids=["seen", "held out"])
def test_targets_and_polarity(language: str, first: int) -> None:
    f1, accuracy = scores(GOLDEN[language][first::2])
    assert f1 >= 0.87
    assert accuracy >= 0.94


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("味道不错,但是送餐太慢", [("味道", "taste", "+"), ("送餐", "delivery", "-")]),
        ("great sound but the strap broke", [("sound", "sound", "+"), ("strap", "quality", "-")]),
        ("太贵了", [("", "price", "-")]),
        ("这款手机太贵", [("手机", "price", "-")]),
        ("包装和物流都很好", [("包装", "packaging", "+"), ("物流", "delivery", "+")]),
        ("噪音很小,声音很大", [("噪音", "sound", "+"), ("声音", "sound", "-")]),
        ("价格很高,质量也很高", [("价格", "price", "-"), ("质量", "quality", "+")]),
        ("价格很低", [("价格", "price", "+")]),
        ("the price is not high", [("price", "price", "+")]),
        ("送餐,太慢了", [("送餐", "delivery", "-")]),
        ("手机很好,但是太贵", [("手机", "product", "+"), ("", "price", "-")]),
        ("质量没有不好", [("质量", "quality", "+")]),
        ("not only good", [("", "general", "+")]),
        ("有异味", [("异味", "hygiene", "-")]),
        ("快递到了", []),
        ("我要退款", []),
        ("12.5 kg", []),
        ("", []),
    ],
)
def test_rules(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert signs(text) == expected


@pytest.mark.parametrize(
    ("plain", "denied"),
    [("质量好", "质量不好"), ("sound is good", "sound is not good"), ("不贵", "贵"),
     ("the lid is flimsy", "the lid is never flimsy"), ("服务热情", "服务不太热情")],
)  # fmt: skip
def test_negation_turns_polarity(plain: str, denied: str) -> None:
    assert found(plain)[0]["polarity"] * found(denied)[0]["polarity"] < 0


def test_places_are_those_of_the_text_as_given() -> None:
    text = "SOUND\uff1a\uff27reat, 但是\uff0c包装 很差!! The Strap broke"
    for row in found(text):
        assert text[row["start"] : row["end"]] == row["target"]
        for opinion in row["opinions"]:
            assert text[opinion["start"] : opinion["end"]] == opinion["word"]
    assert [row["target"] for row in found(text)] == ["SOUND", "包装", "Strap"]


@given(
    st.text(
        st.sampled_from("味道好不太贵慢,但是。 the sound is not bad but很和、快递少")
        | st.characters()
    )
)
def test_any_text_is_answered(text: str) -> None:
    for row in found(text):
        assert text[row["start"] : row["end"]] == row["target"]
        assert -1 <= row["polarity"] <= 1
        assert 0 < row["confidence"] <= 1
        assert row["opinions"]


def test_a_sentiment_model_is_weighed_in() -> None:
    seen: list[str] = []

    def tone(clauses: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float32]]:
        seen.extend(clauses)
        return np.full(len(clauses), -1.0, dtype=np.float32)

    toned = AspectAnalyzer(tone=tone, tone_version="t")
    plain, weighed = found("声音很好,包装破了"), found("声音很好,包装破了", toned)
    assert seen == ["声音很好", "包装破了"]
    assert all(low["polarity"] < high["polarity"] for low, high in zip(weighed, plain, strict=True))
    assert weighed[0]["confidence"] < plain[0]["confidence"]
    assert weighed[1]["confidence"] > plain[1]["confidence"]
    assert found("", toned) == []
    assert toned.version != ANALYZER.version
    with pytest.raises(ValueError, match="tone_version"):
        AspectAnalyzer(tone=tone)


def test_products_of_the_catalog_are_targets() -> None:
    catalog = Catalog(names={"p1": ["云朵抱枕"]})
    analyzer = AspectAnalyzer(catalog=catalog)
    assert [(row["target"], row["aspect"]) for row in found("云朵抱枕很软很舒服", analyzer)] == [
        ("云朵抱枕", "comfort")
    ]


def test_the_lexicon_is_large_and_consistent() -> None:
    for language in ("zh", "en"):
        words = lexicon(language)
        good = [word for kind in words if "positive" in kind for word in words[kind]]
        bad = [word for kind in words if "negative" in kind for word in words[kind]]
        assert len(good) + len(bad) >= 600
        assert set(good).isdisjoint(bad)
        assert all(word == word.lower() for part in words.values() for word in part)


def test_aspects_are_checked(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there are: commerce"):
        named_aspects("nothing")
    (tmp_path / "bad.yaml").write_text("name: Bad\naspects: []\n")
    with pytest.raises(ValueError, match=r"bad\.yaml"):
        named_aspects("bad", tmp_path)
    one = Aspect(aspect="a", title={"en": "A"}, targets={"en": ("box",)})
    two = Aspect(aspect="b", title={"en": "B"}, targets={"en": ("box",)})
    with pytest.raises(ValidationError, match="'box' given more than once: a and b"):
        AspectTaxonomy(name="x", aspects=(one, two))
    with pytest.raises(ValidationError, match="aspect 'a' given more than once"):
        AspectTaxonomy(name="x", aspects=(one, one.model_copy(update={"targets": {}})))


def test_the_configured_analyzer_is_picklable() -> None:
    analyzer = instantiate(OmegaConf.load(ROOT / "conf/analyzer/aspects.yaml"))
    assert isinstance(analyzer, Analyzer)
    assert analyzer.version == ANALYZER.version
    again = pickle.loads(pickle.dumps(analyzer))
    assert again.analyze(["味道好"]) == ANALYZER.analyze(["味道好"])
    assert analyzer.analyze([]).schema == AspectAnalyzer.schema


def test_long_texts_take_linear_time() -> None:
    for piece in ("不", "好", "味道", "not ", "a ", "很"):
        assert AspectAnalyzer().analyze([piece * 2_000]).num_rows == 1
