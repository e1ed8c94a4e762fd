"""Messages that are taken back after they were stored, or before."""

from __future__ import annotations

from pathlib import Path

import pyarrow.compute as pc
import pytest

from ingest.recalls import RECALL, recall_key
from ingest.store import Added, Store
from tests.ingest.samples import START, table


def message(key: str, **changes: object) -> dict[str, object]:
    row: dict[str, object] = {
        "message_id": key, "source": "test", "conversation_id": "c", "sender_role": "customer",
        "kind": "text", "text": f"says {key}", "recalled": False, "private": False,
        "occurred_at": START, "available_at": START,
    }  # fmt: skip
    return row | changes


def line(key: str) -> dict[str, object]:
    return message(recall_key(key), kind=RECALL, sender_role="system", reply_to=key, text=None)


def recalled(store: Store) -> list[str]:
    rows = store.read("messages", ["message_id"], pc.field("recalled"))
    return sorted(rows["message_id"].to_pylist())


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("order", [1, -1])
def test_a_line_takes_its_message_back_whenever_it_comes(
    tmp_path: Path, together: bool, order: int
) -> None:
    store = Store(tmp_path)
    rows = [message("m1"), line("m1")][::order]
    for part in [rows] if together else [[row] for row in rows]:
        assert store.add("messages", table("messages", part)) == Added(len(part), 0)
    assert recalled(store) == ["m1"]
    assert store.add("messages", table("messages", rows)) == Added(0, 2)
    version = store.version("messages")
    store.add("messages", table("messages", [message("m2")]))
    assert recalled(store) == ["m1"]
    assert store.version("messages") == int(version or 0) + 1
    (row,) = store.read("messages", filter=pc.field("message_id") == "m1").to_pylist()
    assert row["text"] == "says m1"


def test_a_copy_that_says_recalled_marks_the_first(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.add("messages", table("messages", [message("m1"), message("m2")]))
    copy = message("m1", recalled=True, text=None)
    assert store.add("messages", table("messages", [copy])) == Added(0, 1)
    assert recalled(store) == ["m1"]
    assert Store(tmp_path).add("messages", table("messages", [message("m3")])) == Added(1, 0)


def test_what_does_not_exist_is_taken_back_when_it_comes(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.add("messages", table("messages", [line("m9"), message("m8")]))
    assert recalled(store) == []
    Store(tmp_path).add("messages", table("messages", [message("m9"), message("m10")]))
    assert recalled(store) == ["m9"]
