"""Reports count customers who were joined as one, and ratings however they were told."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import orjson

from ingest.stitching.keys import held_keys
from ingest.stitching.record import follow, undo
from ingest.store import Store
from insights.filters import Filters
from insights.registry import find
from insights.tables import Tables
from tests.ingest.samples import table
from tests.insights.script import moment, write

NOW = datetime(2026, 4, 1, tzinfo=UTC)
ALL = Filters(until=NOW)


def joined(tables: Tables, *names: str) -> Store:
    store = Store(tables.workspace.store)
    told = orjson.dumps({"phone": "13800138000"}).decode()
    rows = [{"customer_id": name, "source": "test", "attributes": told} for name in names]
    store.add("customers", table("customers", rows))
    follow(store, held_keys(store), NOW)
    return store


def test_a_customer_of_two_desks_comes_back_as_one(tmp_path: Path) -> None:
    chats = """
        10:00 a customer:c1
        10:05 a resolved
        03T10:00 b customer:c2 channel=phone
        03T10:05 b resolved
    """
    tables = write(tmp_path, chats)
    assert set(find("volume").drill(tables, ALL)["customer_id"]) == {"c1", "c2"}
    assert set(find("repeat_contact").drill(tables, ALL)["value"]) == {0.0}
    store = joined(tables, "c1", "c2")
    assert set(find("volume").drill(tables, ALL)["customer_id"]) == {"c1"}
    assert sorted(find("repeat_contact").drill(tables, ALL)["value"]) == [0.0, 100.0]
    undo(store, "c2", "kim", NOW)
    assert set(find("volume").drill(tables, ALL)["customer_id"]) == {"c1", "c2"}


def test_sessions_of_a_joined_customer_are_one(tmp_path: Path) -> None:
    chats = "10:00 room customer:c1 source=slack\n10:10 room customer:c2 source=slack"
    tables = write(tmp_path, chats)
    assert len(find("volume").drill(tables, ALL)) == 2
    joined(tables, "c1", "c2")
    assert len(find("volume").drill(tables, ALL)) == 1


def test_ratings_without_words_count(tmp_path: Path) -> None:
    tables = write(tmp_path, "10:00 a customer\n10:05 a rated=5\n11:00 b customer")
    rated = {
        "event_id": "r", "source": "test", "customer_id": "c1", "kind": "conversation_rated",
        "occurred_at": moment("11:05"), "available_at": moment("11:05"),
    }  # fmt: skip
    about = {"attributes": orjson.dumps({"conversation_id": "b"}).decode()}
    odd = {"event_id": "odd", "value": 87.0}  # of another scale: kept, not counted
    lost = {"event_id": "lost", "value": 1.0}  # of no conversation
    rows = [rated | about | {"value": 2.0}, rated | about | odd, rated | lost]
    Store(tables.workspace.store).add("events", table("events", rows))
    members = find("csat").drill(tables, ALL).set_index("conversation_id")["value"]
    assert members.to_dict() == {"a": 100.0, "b": 0.0}
