"""Need cards against what was counted by hand, and as the numbers they open into."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from insights.filters import Filters
from insights.needs.card import NeedCard
from insights.needs.cards import need_cards
from insights.registry import find
from insights.tables import Tables
from tests.insights.needs.workspace import START, catalog, customers, said, write

PRICE = {"labels": {"customer_needs": "pricing"}}
RANGE = Filters(since=datetime(2026, 3, 15, tzinfo=UTC), until=datetime(2026, 3, 29, tzinfo=UTC))
PRICING = "code.customer_needs.pricing"
GOLDEN = [
    said(0, "c1", **PRICE),
    said(5, "c2", **PRICE),
    said(15, "c1", text="far too dear for me, call 13800138000", **PRICE),
    said(16, "c1", text="still too dear", **PRICE),
    said(17, "c2", text="the price went up again", **PRICE),
    said(18, "c3", mood="neutral", text="what does the large one cost?", **PRICE),
    said(19, "c4", mood="positive", text="good value, thank you", **PRICE),
    said(20, None, text="costs more than last year", **PRICE),
    said(40, "c9", labels={"customer_needs": "other"}),  # text analysis found no need
]


def one(tables: Tables, filters: Filters = RANGE) -> NeedCard:
    (card,) = need_cards(tables, filters)
    return card


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return write(tmp_path_factory.mktemp("golden"), GOLDEN)


def test_a_card_computed_by_hand(golden: Tables) -> None:
    card = one(golden)
    assert (card.need, card.kind, card.owner) == (PRICING, "code", "pricing_team")
    assert card.title == {"zh": "价格", "en": "Pricing"}
    assert (card.texts, card.customers) == (6, 4)  # one text is of nobody we know
    assert (card.positive, card.neutral, card.negative) == (1, 1, 4)
    assert card.polarity == pytest.approx((0.8 - 4 * 0.8) / 6)
    assert (card.now, card.before) == (6, 2)
    assert (card.first_at, card.last_at) == (START, START + timedelta(days=20))
    assert not card.new
    assert card.trend is not None
    assert card.trend.value == pytest.approx((6 / 14) / (2 / 13.625))  # the data begin at 09:00
    assert card.trend.low < 1 < card.trend.high
    assert card.urgency_score == 2  # one customer in four came back, and nothing else
    assert card.importance_score == 1
    assert card.priority_score == pytest.approx(4 * card.trend.value * 2, abs=1e-3)
    assert card.factors == "negative_texts 4, growth 2.9196, negative_customers 2"
    assert (card.status, card.suggested, card.due) == ("open", True, None)


def test_quotes_are_masked_words_of_different_customers(golden: Tables) -> None:
    card = one(golden)
    assert len(card.quotes) == 3
    texts = {f"t{place}": text["text"] for place, text in enumerate(GOLDEN)}
    for quote in card.quotes:
        assert quote.text == texts[quote.text_id].replace("13800138000", "138****8000")
        assert quote.source == "test"
    writers = [GOLDEN[int(quote.text_id[1:])]["customer"] for quote in card.quotes]
    assert len(set(writers)) == 3


def test_there_is_no_need_without_a_quote(golden: Tables) -> None:
    told = one(golden).model_dump()
    with pytest.raises(ValidationError, match="quotes"):
        NeedCard.model_validate(told | {"quotes": ()})
    empty = told["quotes"][0] | {"text": ""}
    with pytest.raises(ValidationError, match="text"):
        NeedCard.model_validate(told | {"quotes": (empty,)})


PRESETS = {
    "rice": 4.1667,  # 4 x (0.25 + 2.75 x 4/6) x 0.5
    "opportunity": 18.0,  # 10 + (10 - 2)
    "seed_formula": 2.0,  # 1 x 2
    "kano": 3.6667,  # must-be, 4 in 6 blame
}


@pytest.mark.parametrize("preset", PRESETS)
def test_the_preset_decides_the_priority_alone(golden: Tables, preset: str) -> None:
    chosen = golden.settings.model_validate({"priority": {"preset": preset}}).priority
    (card,) = need_cards(golden, RANGE, priority=chosen)
    assert card.priority_score == pytest.approx(PRESETS[preset], abs=1e-3)
    assert (card.importance_score, card.urgency_score, card.preset) == (1, 2, preset)


def test_without_a_range_the_last_weeks_make_the_trend(golden: Tables) -> None:
    card = one(golden, Filters())
    assert (card.texts, card.now, card.before) == (8, 6, 2)  # from day 12 on, and 12 days before
    assert card.trend is None  # the data cover less than half of the 28 days before
    recent = one(golden, Filters(since=START + timedelta(days=19.5)))
    assert (recent.texts, recent.now, recent.before) == (1, 1, 7)
    assert recent.trend is not None
    assert recent.trend.value == pytest.approx((1 / 20.5) / (7 / 19.5), rel=1e-4)


def test_a_need_first_seen_in_this_period_is_new(tmp_path: Path) -> None:
    suggestion = {"signals": {"suggestion": 0.9}, "mood": "neutral"}
    texts = [said(0, "a"), said(16, "b", **suggestion), said(20, "c")]
    card = one(write(tmp_path, texts))
    assert (card.need, card.new) == ("suggestion.other", True)
    assert card.title["zh"] == "功能建议"


def test_evidence_of_urgency_is_counted(tmp_path: Path) -> None:
    angry = {"signals": {"service_dissatisfaction": 0.8}, "channel": "web"}
    texts = [
        said(0, "z", mood="neutral"),
        said(24, "a", urgency=0.9, conversation="k", **angry),
        said(25, "b", urgency=0.5, **angry),
        said(27, "b", urgency=0.4, **angry),
        said(30, "z", mood="neutral"),
    ]
    card = one(write(tmp_path, texts), Filters(until=START + timedelta(days=28)))
    # Two texts of three hurry; one customer of two came back; the oldest waits for four days.
    assert "urgent words 67%, repeat contacts 50%" in card.urgency
    assert "waiting 4.0 days" in card.urgency
    assert card.urgency_score == 4


def test_drivers_are_what_is_more_frequent_here_than_elsewhere(tmp_path: Path) -> None:
    pain = {"signals": {"pain_point": 0.9}, "aspects": {"delivery": -0.7}}
    texts = [said(day % 20, f"c{day}", channel="phone", **pain) for day in range(20)]
    texts += [said(day % 20, f"v{day}", channel="web", **pain) for day in range(20)]
    texts += [said(day % 20, f"w{day}", channel="phone", mood="neutral") for day in range(40)]
    texts += [said(day % 20, f"x{day}", channel="web", mood="neutral") for day in range(120)]
    tables = write(tmp_path, texts)
    names = {text["customer"]: "new" if text["customer"][0] == "c" else "old" for text in texts}
    customers(tables, **names)
    card = one(tables, Filters())
    found = {(driver.dimension, driver.value): driver for driver in card.drivers}
    phone = found["channel", "phone"]  # 20 of 40 against 40 of 160
    assert phone.lift == pytest.approx(2.0)
    assert (phone.low, phone.high) == pytest.approx((2 / 1.50676, 2 * 1.50676), abs=1e-3)
    assert phone.texts == 20
    assert found["segment", "new"].low > 1  # nobody new elsewhere
    assert found["segment", "old"].high < 1
    assert "channel phone x2.0 (1.3-3.0)" in card.row()["drivers"]  # type: ignore[operator]


def test_what_is_as_frequent_elsewhere_drives_nothing(tmp_path: Path) -> None:
    texts = [
        said(day % 20, f"c{day}", channel="phone" if day % 2 else "web", **(PRICE if mine else {}))
        for day in range(60)
        for mine in (True, False)
    ]
    assert one(write(tmp_path, texts), Filters()).drivers == ()


def test_products_and_needs_make_a_matrix_that_opens(tmp_path: Path) -> None:
    texts = [said(day, f"c{day}", item="i1" if day < 3 else "i2", **PRICE) for day in range(5)]
    tables = write(tmp_path, [*texts, said(6, "x", **PRICE)])  # one about no item
    catalog(tables, i1="cups", i2="mugs")
    finding = find("need_products")
    table = finding.table(tables, Filters())
    cells = table[["item_id", "item", "need", "title", "count"]].to_numpy().tolist()
    assert cells == [["i1", "I1", PRICING, "Pricing", 3], ["i2", "I2", PRICING, "Pricing", 2]]
    behind = finding.drill(tables, Filters(), {"item_id": "i1", "need": PRICING})
    assert behind["text_id"].tolist() == ["t0", "t1", "t2"]
    assert find("needs").table(tables, Filters(), ["category"])["count"].tolist() == [3, 2, 1]


def test_coverage_is_the_share_of_texts_with_a_need(golden: Tables) -> None:
    (row,) = find("need_coverage").table(golden, Filters(), []).to_dict("records")
    assert (row["count"], row["mean"]) == (9, pytest.approx(800 / 9))


def test_words_tell_needs_apart(tmp_path: Path) -> None:
    price = {**PRICE, "keywords": ["price", "shop"]}
    slow = {"labels": {"customer_needs": "service_quality"}, "keywords": ["slow", "shop"]}
    texts = [said(day, f"c{day}", **(price if day % 2 else slow)) for day in range(20)]
    cards = {card.need: card.words for card in need_cards(write(tmp_path, texts), Filters())}
    assert cards == {PRICING: ("price",), "code.customer_needs.service_quality": ("slow",)}


def test_sentiment_that_was_not_analyzed_is_missing(tmp_path: Path) -> None:
    card = one(write(tmp_path, [said(1, "a", mood=None, **PRICE)]), Filters())
    row = card.row()
    assert (card.polarity, row["negative_share"], card.importance_score) == (None, None, 3)


def test_nothing_in_the_range_is_an_empty_table(golden: Tables) -> None:
    nothing = Filters(until=datetime(2020, 1, 1, tzinfo=UTC))
    assert need_cards(golden, nothing) == []
    assert find("needs").table(golden, nothing).empty


def _crowd() -> list[dict[str, Any]]:
    kinds: list[dict[str, Any]] = [
        PRICE,
        {"labels": {"customer_needs": "service_quality"}, "mood": "positive"},
        {"signals": {"pain_point": 0.7, "suggestion": 0.8}, "aspects": {"price": -0.6}},
        {"question": 1, "text": "how do I pay?", "mood": "neutral"},
        {"mood": "neutral"},
    ]
    places: list[dict[str, Any]] = [{"channel": "web"}, {"channel": "phone"}, {"item": "i1"}]
    return [
        said(number * 0.37 % 28, f"c{number % 7}", **kinds[number % 5], **places[number % 3])
        for number in range(120)
    ]


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return write(tmp_path_factory.mktemp("crowd"), _crowd())


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    start=st.integers(0, 20),
    length=st.integers(1, 20),
    channel=st.sampled_from([(), ("web",), ("phone", "review")]),
)
def test_every_card_opens_into_as_many_records(
    crowd: Tables, start: int, length: int, channel: tuple[str, ...]
) -> None:
    since = START + timedelta(days=start)
    filters = Filters(since=since, until=since + timedelta(days=length), channel=channel)
    behind = find("needs").drill(crowd, filters)
    assert behind["record_id"].is_unique
    cards = need_cards(crowd, filters)
    assert sum(card.texts for card in cards) == len(behind)
    priorities = [card.priority_score for card in cards]
    assert priorities == sorted(priorities, reverse=True)
    for card in cards:
        records = behind[behind["need"] == card.need]
        assert len(records) == card.texts == card.positive + card.neutral + card.negative
        assert records["customer_id"].nunique() == card.customers
        assert {quote.text_id for quote in card.quotes} <= set(records["text_id"])


def test_the_table_counts_what_its_rows_open_into(crowd: Tables) -> None:
    finding = find("needs")
    table = finding.table(crowd, RANGE)
    assert len(table) >= 4
    for row in table.to_dict("records"):
        assert len(finding.drill(crowd, RANGE, {"need": row["need"]})) == row["count"]


def test_the_same_input_gives_the_same_cards(crowd: Tables) -> None:
    again = Tables(crowd.workspace, crowd.settings)
    assert need_cards(crowd, RANGE) == need_cards(again, RANGE)


@pytest.mark.parametrize("name", ["needs", "need_coverage"])
@pytest.mark.parametrize("split", ["channel", "segment", "label", "category", "sentiment"])
def test_every_split_opens_into_as_many_texts(name: str, split: str, golden: Tables) -> None:
    finding = find(name)
    table = finding.table(golden, Filters(), [split])
    assert len(table)
    for row in table.to_dict("records"):
        opened = finding.drill(golden, Filters(), {split: row[split]})
        assert len(opened) == row["count"]
        assert opened["record_id"].is_unique


def test_without_texts_about_items_the_matrix_is_empty(tmp_path: Path) -> None:
    tables = write(tmp_path, GOLDEN)
    assert find("need_products").table(tables, Filters()).empty
