from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.text.base import Analyzer
from features.text.cache import Cached, open_cache
from features.text.facts.cards import facts_of_card
from features.text.facts.extract import FIELDS, ProfileFactAnalyzer, find_facts
from features.text.facts.fold import current_facts
from features.text.facts.table import Written, write_facts
from features.text.facts.values import value_of
from features.text.pipeline.collect import collect
from ingest.schemas import FACTS
from ingest.store import Store
from ingest.workspace import Workspace
from training.textbench.facts import golden, measure, said

SAID = datetime(2024, 5, 15, 2, tzinfo=UTC)
TEXT = "我在上海做财务,电话13812345678"


@pytest.mark.parametrize("part", ["zh_dev", "zh_held", "en_dev", "en_held"])
def test_golden_sentences_say_what_they_say(part: str) -> None:
    told = golden()[part]
    right = sum(len(want & said(text)) for text, want in told)
    there = sum(len(want) for _, want in told)
    found = sum(len(said(text)) for text, _ in told)
    assert right / there >= 0.9
    assert right / found >= 0.9


def test_the_set_is_as_large_as_it_claims_and_the_benchmark_reports_fields() -> None:
    assert sum(map(len, golden().values())) >= 120
    fields = {field for told in golden().values() for _, want in told for field, _ in want}
    assert fields == set(FIELDS)
    rows = list(measure(Path(), Path()))
    assert {row.model for row in rows} == {"all", *FIELDS}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("我住北京,我老婆做财务", {("city", "北京")}),
        ("我老婆在北京。我在上海", {("city", "上海")}),
        ("如果我是学生", set()),
        ("我不是老师", set()),
        ("I'm not a nurse", set()),
        ("My wife is a nurse. I am a teacher", {("job", "teacher")}),
        ("Can you call me at 212-736-5000", {("phone", "+12127365000")}),
        ("", set()),
    ],
)
def test_only_what_the_writer_says_of_themself(text: str, found: set[tuple[str, str]]) -> None:
    assert said(text) == found


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("budget", "预算1.5万", "CNY 15000"),
        ("budget", "500", "500"),
        ("budget", "$1.2k", "USD 1200"),
        ("budget", "预算", ""),
        ("birthday", "1990-03-12", "1990-03-12"),
        ("birthday", "July 1988", "1988-07"),
        ("birthday", "正月十五", "正月十五"),
        ("birthday", "明天", "明天"),
        ("household", "三口", "3 people"),
        ("household", "两只猫", "cat"),
        ("household", "a baby", "1 child"),
        ("household", "家", "1 people"),
        ("size", "身高1.75米", "height 175 cm"),
        ("size", "5'9\"", "height 175 cm"),
        ("size", "体重130斤", "weight 65 kg"),
        ("size", "143 lbs", "weight 65 kg"),
        ("size", "large", "L"),
        ("city", "上海市", "上海"),
        ("phone", "12", "12"),
    ],
)
def test_values_have_one_spelling(field: str, text: str, value: str) -> None:
    assert value_of(field, text) == value


def test_a_fact_carries_its_quote() -> None:
    city, job, phone = find_facts("你好," + TEXT)
    text = "你好," + TEXT
    assert text[city.start : city.end] == "上海"
    assert text[city.quote_start : city.quote_end] == "我在上海做财务"
    assert text[phone.quote_start : phone.quote_end] == "电话13812345678"
    assert job.confidence > 0.8


@given(st.text(max_size=80))
def test_places_are_inside_the_text(text: str) -> None:
    for fact in find_facts(text):
        assert 0 <= fact.quote_start <= fact.start < fact.end <= fact.quote_end <= len(text)


def test_the_analyzer_keeps_no_values_and_travels() -> None:
    analyzer = pickle.loads(pickle.dumps(ProfileFactAnalyzer()))
    table = analyzer.analyze([TEXT, "hello"])
    assert isinstance(analyzer, Analyzer)
    assert table.schema == analyzer.schema
    assert "13812345678" not in str(table.to_pylist())
    assert [len(found) for found in table["profile_facts"].to_pylist()] == [3, 0]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (
            ["林晓", "蓝海贸易有限公司 销售经理", "手机:13800138000", "lin@example.com"],
            {"name": "林晓", "company": "蓝海贸易有限公司", "job": "销售经理",
             "phone": "+8613800138000", "email": "lin@example.com"},
        ),
        (
            ["Laura Bennett", "Senior Account Manager", "Northwind Traders Inc.",
             "+1 415-555-2671", "laura@northwind.example.com"],
            {"name": "Laura Bennett", "job": "senior account manager",
             "company": "Northwind Traders Inc.", "phone": "+14155552671",
             "email": "laura@northwind.example.com"},
        ),
        (
            ["订单详情", "收货人:陈志远 13911112222", "订单编号:202405189921", "实付款 ¥199.00"],
            {"name": "陈志远", "phone": "+8613911112222", "order_number": "202405189921"},
        ),
        (["我在上海上班", "微信号: tea_house01"], {"city": "上海", "wechat": "tea_house01"}),
        (["满300减50", "立即购买"], {}),
    ],
)  # fmt: skip
def test_lines_of_pictures(lines: list[str], found: dict[str, str]) -> None:
    facts = facts_of_card(lines)
    assert {fact.field: fact.value for fact in facts} == found
    joined = "\n".join(lines)
    for fact in facts:
        assert joined[fact.quote_start : fact.quote_end] in lines


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(Workspace(tmp_path / "shop").store)
    _say(store, "m1", TEXT)
    _say(store, "m2", "我住在杭州", hours=1)
    _say(store, "m3", "你好")
    return store


def _say(store: Store, key: str, text: str, hours: int = 0) -> None:
    schema = store.read("messages").schema
    when = SAID + timedelta(hours=hours)
    row = dict.fromkeys(schema.names) | {
        "message_id": key, "source": "test", "conversation_id": "v", "customer_id": "c1",
        "sender_role": "customer", "kind": "text", "text": text, "recalled": False,
        "private": False, "occurred_at": when, "available_at": when,
    }  # fmt: skip
    store.add("messages", pa.Table.from_pylist([row], schema=schema))


def _fact(store: Store, **values: Any) -> None:
    row = dict.fromkeys(FACTS.schema.names) | {
        "fact_id": "f1", "source": "test", "customer_id": "c1", "field": "city",
        "value": "北京", "authority": "manual", "recorded_at": SAID - timedelta(days=9),
    }  # fmt: skip
    store.add("facts", pa.Table.from_pylist([row | values], schema=FACTS.schema))


def _current(store: Store, until: datetime | None = None) -> dict[str, str]:
    rows = current_facts(store.read("facts"), until).to_pylist()
    return {row["field"]: row["value"] for row in rows}


def test_facts_are_suggested_once_with_evidence(store: Store, tmp_path: Path) -> None:
    with open_cache(tmp_path / "cache.sqlite") as connection:
        cached = Cached(ProfileFactAnalyzer(), connection)
        assert write_facts(store, [collect(store)], analyzer=cached, batch=2) == Written(4, 0)
    assert write_facts(store, [collect(store)]) == Written(0, 0)
    phone = store.read("facts", filter=pc.field("field") == "phone").to_pylist()[0]
    assert (phone["customer_id"], phone["authority"]) == ("c1", "extracted")
    evidence = json.loads(phone["evidence"])
    assert evidence["message_id"] == "m1"
    assert TEXT[evidence["start"] : evidence["end"]] == "13812345678"
    assert FACTS.violations(store.read("facts")) == []
    assert _current(store) == {"city": "杭州", "job": "财务", "phone": "+8613812345678"}
    assert _current(store, SAID + timedelta(minutes=1))["city"] == "上海"


def test_what_somebody_entered_stands(store: Store) -> None:
    _fact(store)
    write_facts(store, [collect(store)])
    assert _current(store)["city"] == "北京"
    _fact(store, fact_id="f2", authority="crm", value="广州", recorded_at=SAID)
    assert _current(store)["city"] == "北京"
    _fact(store, fact_id="f3", value="-", retracts="f1", recorded_at=SAID)
    assert _current(store)["city"] == "广州"
    _fact(store, fact_id="f4", authority="inferred", value="南京", recorded_at=SAID)
    assert _current(store)["city"] == "广州"
    _fact(store, fact_id="f5", value="-", retracts="f3", recorded_at=SAID)
    assert _current(store)["city"] == "北京"


def test_a_fact_goes_with_its_message(store: Store) -> None:
    _fact(store, field="job", value="老师", authority="inferred")
    write_facts(store, [collect(store)])
    left = collect(store).filter(pc.field("text_id") != "m1")
    assert write_facts(store, [left]) == Written(0, 3)
    assert write_facts(store, [left]) == Written(0, 0)
    assert _current(store) == {"city": "杭州", "job": "老师"}
    assert write_facts(store, [left.slice(0, 0)]) == Written(0, 1)
    assert FACTS.violations(store.read("facts")) == []


def test_texts_of_nobody_are_left_out(tmp_path: Path) -> None:
    store = Store(Workspace(tmp_path / "shop").store)
    _say(store, "m1", TEXT)
    rows = collect(store)
    nobody = rows.set_column(
        rows.schema.get_field_index("customer_id"), "customer_id", pa.nulls(len(rows), pa.string())
    )
    assert write_facts(store, [nobody]) == Written(0, 0)
