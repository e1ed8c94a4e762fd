"""Profile cards: who a customer is, who said so, what waits below, and what is masked."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from features.text.facts.table import write_facts
from features.text.pipeline.collect import collect
from ingest.store import Store
from ingest.workspace import Workspace
from insights.profiles.card import Card, card
from insights.profiles.person import NoCustomerError
from insights.profiles.shown import shown_card
from insights.profiles.statements import Entry, entries, quoted_entries, stored
from insights.tables import Tables
from tests.insights.profiles.shop import (
    NOW,
    TEXT,
    add,
    added,
    chat,
    days_ago,
    event,
    fact,
    review,
    store_of,
)


def card_of(root: Path, customer: str = "c1") -> Card:
    return card(Tables(Workspace.named("shop", root)), customer, NOW)


def field(found: Card, name: str) -> Entry:
    (one,) = [each for each in found.fields if each.field == name]
    return one


def test_an_event_of_adding_a_contact_opens_a_profile(tmp_path: Path) -> None:
    with pytest.raises(NoCustomerError, match="nothing is stored"):
        card_of(tmp_path)
    told = {"name": "安安", "avatar": "https://img.example/a", "add_way": 1, "state": "door"}
    add(tmp_path, "events", added("li.lei", 9, **told), added("han.mei", 4))
    found = card_of(tmp_path)
    assert (found.name, found.avatar, found.source) == ("安安", "https://img.example/a", "test")
    first, second = found.added
    assert (first.by, first.at, first.way, first.state) == ("li.lei", days_ago(9), "1", "door")
    assert (second.by, second.way) == ("han.mei", None)
    assert (found.first_contact_at, found.last_contact_at) == (days_ago(9), days_ago(4))
    assert (found.conversations, found.messages, found.interests) == (0, 0, ())
    assert [one.kind for one in found.happenings] == ["contact_added", "contact_added"]


def test_the_customers_record_beats_the_event_and_a_fact_beats_the_record(tmp_path: Path) -> None:
    add(tmp_path, "events", added("li.lei", 9, name="From the event"))
    told = '{"name": "From the record", "age": "65+", "mobile": "13812345678", "tags": ["a"]}'
    add(tmp_path, "customers", {"attributes": told, "source": "crm"})
    found = card_of(tmp_path)
    assert (found.name, found.source) == ("From the record", "crm")
    assert found.record == {"age": "65+", "mobile": "13812345678"}
    assert shown_card(found)["record"]["mobile"] == "138****5678"
    add(tmp_path, "facts", fact("f1", "name", "Entered", 1, authority="manual"))
    assert card_of(tmp_path).name == "Entered"


def test_what_was_read_waits_below_what_was_entered_with_its_quote(tmp_path: Path) -> None:
    review(tmp_path, TEXT)
    city = field(card_of(tmp_path), "city")
    assert (city.values[0].value, city.values[0].quote) == ("上海", "我在上海做财务")
    assert city.suggestions == ()
    add(tmp_path, "facts", fact("f1", "city", "苏州", 1, authority="manual", author="kim"))
    city = field(card_of(tmp_path), "city")
    assert [(one.value, one.author) for one in city.values] == [("苏州", "kim")]
    assert [(one.value, one.quote) for one in city.suggestions] == [("上海", "我在上海做财务")]


def told_of(store: Store) -> dict[str, str | None]:
    found = quoted_entries(store, entries(stored(store, ["c1"]), "c1"))
    return {one.field: one.values[0].quote for one in found}


def test_a_quote_goes_with_its_message(tmp_path: Path) -> None:
    (said,) = chat("c", 2, [0], TEXT)
    add(tmp_path, "messages", said)
    store = store_of(tmp_path)
    write_facts(store, [collect(store)])
    assert told_of(store)["job"] == "我在上海做财务"
    add(tmp_path, "messages", said | {"recalled": True})
    assert told_of(store)["job"] is None


def test_several_numbers_stand_and_the_same_number_is_told_once(tmp_path: Path) -> None:
    add(
        tmp_path,
        "facts",
        fact("f1", "phone", "13800138000", 3, authority="crm", author="li.lei"),
        fact("f2", "phone", "138 0013 8000", 2, authority="crm", author="han.mei"),
        fact("f3", "phone", "13800138001", 1, authority="manual", author="kim"),
        fact("f4", "phone", "+8613800138002", 1),
        fact("f5", "phone", "+8613800138001", 1),
    )
    phone = field(card_of(tmp_path), "phone")
    assert [one.fact_id for one in phone.values] == ["f3", "f2"]
    assert [one.fact_id for one in phone.suggestions] == ["f4"]


def test_joined_customers_have_one_card(tmp_path: Path) -> None:
    held = {"kind": "phone", "value": "+8613800138000", "author": "stitch"}
    add(
        tmp_path,
        "identities",
        held | {"identity_id": "i1", "recorded_at": days_ago(9)},
        held | {"identity_id": "i2", "recorded_at": days_ago(8), "customer_id": "wx1"},
    )
    add(tmp_path, "facts", fact("f1", "city", "上海", 3, customer_id="wx1", authority="manual"))
    add(tmp_path, "messages", *(row | {"customer_id": "wx1"} for row in chat("c", 2, [0, 1])))
    tables = Tables(Workspace.named("shop", tmp_path))
    found, other = (card(tables, name, NOW) for name in ("c1", "wx1"))
    assert found == other
    assert not found.simulated
    assert (found.customer_id, found.ids, found.messages) == ("c1", ("c1", "wx1"), 2)
    assert field(found, "city").values[0].customer_id == "wx1"


def test_conversations_are_counted_as_the_report_counts_them(tmp_path: Path) -> None:
    add(tmp_path, "messages", *chat("a", 5, [0, 2]))
    add(tmp_path, "messages", *(r | {"source": "simulated"} for r in chat("b", 2, [0, 3, 20])))
    found = card_of(tmp_path)
    assert (found.conversations, found.messages, found.minutes) == (2, 5, 5.0)
    assert found.first_contact_at == days_ago(5)
    assert found.last_contact_at == days_ago(2) + timedelta(minutes=20)
    assert found.simulated


def test_the_newest_happenings_are_shown_and_goods_are_not_among_them(tmp_path: Path) -> None:
    many = [event(n, "link_opened", 40 - n, agent_id="li.lei") for n in range(25)]
    add(tmp_path, "events", *many, event(99, "purchase", 0.5, item_id="g1"))
    shown = card_of(tmp_path).happenings
    assert [one.event_id for one in shown] == [f"e{n}" for n in range(24, 4, -1)]


def test_personal_data_is_masked_where_a_card_is_shown(tmp_path: Path) -> None:
    review(tmp_path, TEXT)
    add(
        tmp_path,
        "facts",
        fact("f1", "wechat", "ann_tea_88", 1, authority="manual"),
        fact("f2", "remark", "call 13812345678", 1, authority="manual"),
        fact("f3", "name", "安安", 1, authority="manual"),
    )
    told = str(shown_card(card_of(tmp_path)))
    assert "12345678" not in told
    assert "ann_tea_88" not in told
    assert "138****5678" in told
    assert "安安" in told  # whose card it is
