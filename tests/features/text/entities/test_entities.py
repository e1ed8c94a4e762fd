from __future__ import annotations

from decimal import Decimal

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
    rows = own.analyze(["明天下午三点前退我199元,订单号 A20240501,苹果手机", ""])
    assert rows.schema == own.schema
    found, nothing = rows["entities"].to_pylist()
    assert [span["kind"] for span in found] == ["time", "money", "product"]
    assert {span["kind"] for span in found} == set(KINDS)
    assert found[1]["value"] == "CNY 199"
    assert nothing == []
