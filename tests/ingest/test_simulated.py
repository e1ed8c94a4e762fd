"""The simulated layer: deterministic, true to the past, varied, flagged, with its truth beside."""

from __future__ import annotations

import json
import re
import statistics
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ingest.load import load
from ingest.sources.base import RawBatch, SourceError
from ingest.sources.simulated import Simulated
from ingest.sources.simulation.grammar import Phrases, compiled, document, phrases
from ingest.sources.simulation.people import FIELDS, meet
from ingest.sources.simulation.products import describe, quality
from ingest.sources.simulation.truth import NEEDS, mark, unmark
from ingest.store import Store

START = datetime(2020, 1, 1, tzinfo=UTC)
ITEMS = [
    (
        "milk",
        "Fluid milk white only, 1 GA",
        "GROCERY > FLUID MILK PRODUCTS > FLUID MILK WHITE ONLY",
    ),
    ("berry", "Strawberries, 16 OZ", "PRODUCE > BERRIES > STRAWBERRIES"),
    ("soap", "Bar soap", "DRUG GM > SOAP - LIQUID & BAR > BAR SOAP"),
    ("cat", "Dry cat food", "GROCERY > CAT FOOD > DRY CAT FOOD"),
    ("gas", "Gasoline-reg unleaded", "FUEL > COUPON/MISC ITEMS > GASOLINE-REG UNLEADED"),
    ("lamp", "Brass desk lamp, small", None),
    ("misc", "Coupon", "MISCELLANEOUS > COUPON/MISC ITEMS"),
    ("blank", None, None),
]


@dataclass(frozen=True)
class World:
    """A workspace with purchases and what was simulated over it."""

    root: Path
    batches: list[RawBatch]

    def rows(self, table: str) -> list[dict[str, Any]]:
        return [
            row for batch in self.batches if batch.table == table for row in batch.rows.to_pylist()
        ]

    @cached_property
    def truth(self) -> dict[str, dict[str, Any]]:
        rows = pq.read_table(self.root / "simulated-truth.parquet").to_pylist()
        return {row["text_id"]: row for row in rows}

    @cached_property
    def texts(self) -> dict[str, str]:
        found = {row["feedback_id"]: row["text"] for row in self.rows("feedback")}
        messages = {row["message_id"]: row["text"] for row in self.rows("messages")}
        return found | {key: text for key, text in messages.items() if key in self.truth}


def _shop(root: Path, *, customers: int, each: int, described: list[Any] = ITEMS) -> Path:
    store = Store(root / "store")
    ids, titles, categories = zip(*described, strict=True)
    items = pa.table({"item_id": ids, "title": titles, "category": categories})
    rng = Random(1)
    rows = [
        {
            "event_id": f"e{customer}-{at}",
            "customer_id": f"c{customer}",
            "kind": "purchase",
            "item_id": rng.choice(ids),
            "occurred_at": START + timedelta(minutes=rng.randrange(60 * 24 * 365)),
        }
        for customer in range(customers)
        for at in range(each)
    ]

    class Shop:
        name = "shop"

        def batches(self) -> Iterator[RawBatch]:
            yield RawBatch("items", items, "items")
            yield RawBatch("events", pa.Table.from_pylist(rows), "events")

    report = load(Shop(), store, root / "rejected", progress=False)
    assert report.ok
    assert report.tables["events"].accepted == len(rows)
    return root


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    root = _shop(tmp_path_factory.mktemp("world"), customers=60, each=40)
    return World(root, list(Simulated(folder=root, texts=1500).batches()))


def test_the_same_seed_gives_the_same_rows_and_another_seed_others(world: World) -> None:
    again = list(Simulated(folder=world.root, texts=1500).batches())
    assert [batch.table for batch in again] == ["feedback", "messages"]
    assert all(a.rows.equals(b.rows) for a, b in zip(world.batches, again, strict=True))
    other = World(world.root, list(Simulated(folder=world.root, texts=1500, seed=8).batches()))
    ids = {row["feedback_id"] for row in world.rows("feedback")}
    assert not ids & {row["feedback_id"] for row in other.rows("feedback")}
    list(Simulated(folder=world.root, texts=1500).batches())


def test_about_as_many_texts_as_asked_for(world: World) -> None:
    assert 1450 <= len(world.texts) <= 1550
    assert set(world.truth) == set(world.texts)


def test_every_text_comes_after_a_purchase_of_that_item_by_that_customer(world: World) -> None:
    bought: dict[tuple[str, str], list[datetime]] = {}
    for row in Store(world.root / "store").read("events").to_pylist():
        bought.setdefault((row["customer_id"], row["item_id"]), []).append(row["occurred_at"])
    last = max(time for times in bought.values() for time in times)
    for row in world.rows("feedback"):
        assert min(bought[row["customer_id"], row["item_id"]]) < row["occurred_at"]
    for row in world.rows("messages"):
        item = json.loads(row["raw"])["item_id"]
        assert min(bought[row["customer_id"], item]) < row["occurred_at"]
    assert all(
        row["occurred_at"] < last for row in world.rows("feedback") if row["kind"] != "survey"
    )


def test_a_text_knows_nothing_that_happens_later(world: World, tmp_path: Path) -> None:
    """Cutting the future off changes no text about a purchase both worlds know."""
    store = Store(_shop(tmp_path / "whole", customers=20, each=30) / "store")
    cut = START + timedelta(days=200)
    early = store.read("events").filter(pa.compute.field("occurred_at") < cut)
    half = Store(tmp_path / "half" / "store")
    half.add("items", store.read("items"))
    half.add("events", early)
    texts = {}
    for name in ("whole", "half"):
        found = World(tmp_path / name, list(Simulated(folder=tmp_path / name, texts=400).batches()))
        texts[name] = {row["feedback_id"]: row for row in found.rows("feedback")}
    common = set(texts["whole"]) & set(texts["half"])
    assert len(common) > 20
    assert all(texts["whole"][key] == texts["half"][key] for key in common)


def test_every_row_says_that_it_is_simulated(world: World) -> None:
    for row in world.rows("feedback"):
        assert row["source"] == "simulated"
        assert json.loads(row["attributes"])["simulated"] is True
    for row in world.rows("messages"):
        assert row["source"] == "simulated"
        assert json.loads(row["raw"])["simulated"] is True


def test_loading_meets_every_contract_and_twice_adds_nothing(world: World) -> None:
    store, source = Store(world.root / "store"), Simulated(folder=world.root, texts=1500)
    first = load(source, store, world.root / "rejected", progress=False)
    assert first.ok
    assert all(counts.rejected == 0 for counts in first.tables.values())
    second = load(source, store, world.root / "rejected", progress=False)
    assert all(counts.accepted == 0 for counts in second.tables.values())
    assert store.read("facts").num_rows == 0, "facts are for later extraction to find"


def test_ratings_agree_with_sentiment(world: World) -> None:
    allowed = {"negative": {1.0, 2.0, None}, "neutral": {3.0, None}, "positive": {4.0, 5.0, None}}
    ratings: Counter[float | None] = Counter()
    for row in world.rows("feedback"):
        assert row["rating"] in allowed[world.truth[row["feedback_id"]]["sentiment"]]
        ratings[row["rating"]] += 1
    assert all(ratings[value] > 0 for value in (1.0, 2.0, 3.0, 4.0, 5.0, None))


def test_facts_stand_in_the_text_where_the_truth_says(world: World) -> None:
    texts, seen = world.texts, set()
    for key, labels in world.truth.items():
        for fact in labels["facts"]:
            assert texts[key][fact["start"] : fact["end"]].lower() == fact["value"].lower()
            seen.add(fact["field"])
    assert seen == set(FIELDS)


def test_private_use_marks_never_reach_a_text(world: World) -> None:
    assert not any(re.search(r"[\ue000-\uf8ff]", text) for text in world.texts.values())
    assert not any(re.search(r"[\[{][a-z_|]+[\]}]", text) for text in world.texts.values())


def test_a_customer_keeps_one_language_and_languages_have_their_shares(world: World) -> None:
    spoken: dict[str, set[str]] = {}
    for labels in world.truth.values():
        spoken.setdefault(labels["customer_id"], set()).add(labels["language"])
    assert all(found in ({"en"}, {"zh"}, {"zh", "mixed"}, {"mixed"}) for found in spoken.values())
    people = Counter(meet(7, f"c{n}").language for n in range(2000))
    assert people["zh"] / 2000 == pytest.approx(0.5, abs=0.04)
    assert people["en"] / 2000 == pytest.approx(0.4, abs=0.04)


def test_conversations_have_order_roles_and_what_real_ones_have(world: World) -> None:
    rows = world.rows("messages")
    conversations: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        conversations.setdefault(row["conversation_id"], []).append(row)
    known = {row["message_id"]: row for row in rows}
    for messages in conversations.values():
        times = [row["occurred_at"] for row in messages]
        assert times == sorted(times)
        assert len({row["customer_id"] for row in messages}) == 1
    for row in rows:
        assert (row["agent_id"] is not None) == (row["sender_role"] == "agent")
        if row["reply_to"]:
            assert known[row["reply_to"]]["conversation_id"] == row["conversation_id"]
    assert {"customer", "agent", "bot", "system"} == {row["sender_role"] for row in rows}
    assert {"text", "image", "voice", "sticker", "system"} == {row["kind"] for row in rows}
    assert any(row["recalled"] for row in rows)
    assert any(row["private"] and row["sender_role"] == "agent" for row in rows)
    assert any(row["reply_to"] for row in rows)
    assert any(
        all(row["sender_role"] != "agent" for row in messages)
        for messages in conversations.values()
    )


def test_moods_can_be_learned_from_the_product_group(world: World) -> None:
    """A latent quality shows in the sentiment of many texts about the same aspect."""
    pairs = []
    score = {"negative": -1, "neutral": 0, "positive": 1}
    groups = {item: describe(item, title, category) for item, title, category in ITEMS}
    for labels in world.truth.values():
        product = groups[labels["item_id"]]
        assert product is not None
        for judged in labels["aspects"] if labels["kind"] == "feedback" else []:
            latent = quality(7, product.group, judged["aspect"])
            pairs.append((latent, float(score[judged["polarity"]])))
    xs, ys = zip(*pairs, strict=True)
    assert statistics.correlation(xs, ys) > 0.4


def test_truth_uses_the_known_codes(world: World) -> None:
    topics = set(document("glossary")["needs"])
    for labels in world.truth.values():
        assert labels["need"] in NEEDS
        assert labels["topic"] in topics
    assert {labels["topic"] for labels in world.truth.values()} == topics


def test_products_go_by_the_names_people_use() -> None:
    milk = describe(*ITEMS[0])
    assert milk is not None
    assert (milk.kind, milk.group) == ("drink", "FLUID MILK PRODUCTS")
    assert "牛奶" in milk.zh
    lamp = describe("x", "Brass desk lamp, small", None)
    assert lamp is not None
    assert (lamp.kind, lamp.en) == ("goods", ("brass desk lamp",))
    assert describe("x", "Coupon", "MISCELLANEOUS > COUPON") is None
    assert describe("x", None, None) is None


def test_phone_numbers_are_fictional() -> None:
    for number in range(300):
        phone = meet(3, f"c{number}").facts.get("phone", "154" + "0" * 8)
        assert re.fullmatch(r"154\d{8}|\(\d{3}\) 555-01\d{2}", phone)


def test_a_store_without_purchases_says_what_to_load(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="Load a data set into this workspace first"):
        list(Simulated(folder=tmp_path).batches())


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(ValidationError, match="chat_share"):
        Simulated(folder=Path(), chat_share=1.5)
    with pytest.raises(ValidationError, match="texts"):
        Simulated(folder=Path(), texts=0)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_phrase_can_be_said(language: str) -> None:
    slots = dict.fromkeys(("p", "eat", "very", "too", "value", "agent", "channel", "digits"), "X")
    slots |= dict.fromkeys(("is", "was", "has", "does", "it", "them", "this", "s", "es"), "Y")
    for name in (language, f"chat_{language}"):
        words = phrases(name)
        for path in words.lists:
            for seed in range(20):
                said = words.say(path, Random(seed), slots)
                assert not re.search(r"[{}|]", said), (path, said)
    assert phrases("zh").lists.keys() - {"mixed_tail.pos", "mixed_tail.neg", "mixed_tail.neu"} == (
        phrases("en").lists.keys()
    )
    assert phrases("chat_zh").lists.keys() >= phrases("chat_en").lists.keys()


def test_choices_and_slots_are_expanded() -> None:
    words = Phrases({"who": ["Ann"], "say": {"hi": ["[hi|hey] {who}, {p}!"]}})
    said = {words.say("say.hi", Random(seed), {"p": "tea"}) for seed in range(20)}
    assert said == {"hi Ann, tea!", "hey Ann, tea!"}
    assert compiled("plain") == ("plain",)
    with pytest.raises(KeyError, match="nobody"):
        Phrases({"a": ["{nobody}"]}).say("a", Random(1), {})


@given(before=st.text("甲乙ab "), value=st.text("0123市", min_size=1), after=st.text("丙c。"))
def test_marks_give_back_text_and_span(before: str, value: str, after: str) -> None:
    text, facts = unmark(before + mark("city", value) + after)
    assert text == before + value + after
    assert facts == (
        {"field": "city", "value": value, "start": len(before), "end": len(before) + len(value)},
    )


@pytest.mark.slow
def test_thousands_of_distinct_sentences(tmp_path: Path) -> None:
    groups = [(name, name.title(), f"GROCERY > {name}") for name in document("glossary")["names"]]
    root = _shop(tmp_path, customers=400, each=40, described=groups)
    world = World(root, list(Simulated(folder=root, texts=12_000).batches()))
    texts = list(world.texts.values())
    assert len(texts) >= 11_500
    assert len(set(texts)) >= 8_000
    ends = re.compile(r"[。！？!?.~～…\n]+")
    assert len({part.strip() for text in texts for part in ends.split(text)}) >= 5_000
    moods = Counter(labels["sentiment"] for labels in world.truth.values())
    assert all(0.2 < moods[mood] / len(texts) < 0.5 for mood in ("negative", "neutral", "positive"))
