"""Features count customers who were joined as one, and read messages as they were edited last."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import orjson

from features.behavior.tables import open_tables
from features.text.pipeline.collect import collect
from ingest.stitching.keys import held_keys
from ingest.stitching.record import follow, undo
from ingest.store import Store
from tests.ingest.samples import START, event, table


def message(key: str, minute: int, **changes: object) -> dict[str, object]:
    at = START + timedelta(minutes=minute)
    row: dict[str, object] = {
        "message_id": key, "source": "test", "conversation_id": "r", "customer_id": "c2",
        "sender_role": "customer", "kind": "text", "text": f"says {key}", "recalled": False,
        "private": False, "occurred_at": at, "available_at": at,
    }  # fmt: skip
    return row | changes


def edited(key: str, minute: int, text: str) -> dict[str, object]:
    line = {"kind": "message_edited", "sender_role": "system", "reply_to": key, "text": text}
    return message(f"{key}:edited:{minute}", minute, **line)


def test_joined_customers_have_one_history(tmp_path: Path) -> None:
    store = Store(tmp_path)
    told = orjson.dumps({"email": "ann@mail.example"}).decode()
    rows = [
        {"customer_id": name, "source": "test", "attributes": told, "first_seen_at": START}
        for name in ("c1", "c2")
    ]
    store.add("customers", table("customers", rows))
    store.add("events", table("events", [event(1), event(2), event(3)]))
    store.add("messages", table("messages", [message("m1", 5)]))
    follow(store, held_keys(store), START)

    def known() -> dict[str, int]:
        _connection, tables = open_tables(store, ("purchase",))
        met = tables.touches.join(tables.customers, "customer").customer_id.value_counts()
        found = met.to_pandas()
        return dict(zip(found.iloc[:, 0], found.iloc[:, 1].astype(int), strict=True))

    assert known() == {"c1": 2, "c3": 1}
    assert collect(store)["customer_id"].to_pylist() == ["c1"]
    undo(store, "c2", "kim", START + timedelta(days=1))
    assert known() == {"c1": 1, "c2": 1, "c3": 1}
    assert collect(store)["customer_id"].to_pylist() == ["c2"]


def test_the_last_edit_of_a_message_is_read(tmp_path: Path) -> None:
    store = Store(tmp_path)
    rows = [message("m1", 1), edited("m1", 4, "says it better"), edited("m1", 3, "says it again")]
    store.add("messages", table("messages", [*rows, message("m2", 2)]))
    assert collect(store)["text"].to_pylist() == ["says it better", "says m2"]
    assert collect(store)["text_id"].to_pylist() == ["m1", "m2"]
