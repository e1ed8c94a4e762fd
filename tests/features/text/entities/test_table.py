from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from features.text.entities.table import ENTITIES
from features.text.pipeline.run import write_texts
from features.text.pipeline.settings import TextSettings
from ingest.store import Store
from ingest.workspace import Workspace

SAID = datetime(2024, 5, 15, 18, tzinfo=UTC)  # two in the morning of the 16th in Shanghai
TEXT = "我叫王小明,明天下午三点前退我199元,苹果手机坏了,电话13800138000"


@pytest.fixture
def shop(tmp_path: Path) -> Store:
    store = Store(Workspace(tmp_path / "shop").store)
    item = dict.fromkeys(store.read("items").schema.names)
    rows = [item | {"item_id": "p2", "title": "苹果手机", "source": "test"}]
    store.add("items", pa.Table.from_pylist(rows, schema=store.read("items").schema))
    add(store, "m1", TEXT)
    add(store, "m2", "没有什么")
    add(store, "m3", "31号之前")
    return store


def add(store: Store, key: str, text: str) -> None:
    schema = store.read("messages").schema
    row = dict.fromkeys(schema.names) | {
        "message_id": key, "source": "test", "conversation_id": "v", "customer_id": "c1",
        "sender_role": "customer", "kind": "text", "text": text, "recalled": False,
        "private": False, "occurred_at": SAID, "available_at": SAID,
    }  # fmt: skip
    store.add("messages", pa.Table.from_pylist([row], schema=schema))


@pytest.fixture
def write(shop: Store, tmp_path: Path) -> Callable[..., tuple[list[dict[str, Any]], list[int]]]:
    """Return a function that writes the table and returns its rows and how many texts were read."""

    def run(**settings: Any) -> tuple[list[dict[str, Any]], list[int]]:
        chosen = {"analyzers": ("pii", "entities"), "batch": 2, "progress": False} | settings
        workspace = Workspace(tmp_path / "shop")
        report = write_texts(shop, workspace, TextSettings(**chosen))
        path = _table(tmp_path)
        rows = pq.read_table(path, schema=ENTITIES).to_pylist() if path.exists() else []
        return rows, list(report["analyzed"].values())

    return run


def _table(folder: Path) -> Path:
    return folder / "shop/features/text/entities.parquet"


def test_one_row_a_span_with_personal_data_masked(write: Any) -> None:
    rows, read = write(zone="Asia/Shanghai")
    found = {row["kind"]: row for row in rows if row["text_id"] == "m1"}
    assert {kind: (row["text"], row["value"]) for kind, row in found.items()} == {
        "name": ("王**", ""),
        "phone": ("138****8000", ""),
        "time": ("明天下午三点", "days=+1 hour=15 minute=0"),
        "money": ("199元", "CNY 199"),
        "product": ("苹果手机", "p2"),
    }
    assert found["phone"]["customer_id"] == "c1"
    assert TEXT[found["phone"]["start"] : found["phone"]["end"]] == "13800138000"
    assert found["phone"]["since"] is None
    assert "m2" not in {row["text_id"] for row in rows}
    assert read == [3, 3]


@pytest.mark.parametrize(("zone", "day"), [("Asia/Shanghai", (17, 7)), ("UTC", (16, 15))])
def test_tomorrow_is_that_of_the_writer(write: Any, zone: str, day: tuple[int, int]) -> None:
    (row,) = (
        row for row in write(zone=zone)[0] if row["kind"] == "time" and "days" in row["value"]
    )
    assert (row["since"].day, row["since"].hour) == day
    assert row["until"] > row["since"]


def test_a_second_run_reads_only_what_is_new_whatever_the_zone(
    write: Any, shop: Store, tmp_path: Path
) -> None:
    first, _ = write(zone="Asia/Shanghai")
    again, read = write(zone="Asia/Shanghai")
    assert (again, read) == (first, [0, 0])
    file = _table(tmp_path)
    made = file.stat().st_mtime_ns
    write(zone="Asia/Shanghai")
    assert file.stat().st_mtime_ns == made
    add(shop, "m4", "just $5")
    rows, read = write(zone="UTC")
    assert read == [1, 1]
    assert [row["value"] for row in rows if row["text_id"] == "m4"] == ["USD 5"]


def test_the_cache_holds_no_personal_data(write: Any, tmp_path: Path) -> None:
    write()
    content = b"".join(file.read_bytes() for file in tmp_path.glob("shop/features/text/cache/*"))
    assert b"199" in content
    assert all(secret.encode() not in content for secret in ("13800138000", "王小明"))


def test_turned_off_it_removes_what_was_there(write: Any, tmp_path: Path) -> None:
    write()
    assert write(analyzers=("language",))[0] == []
    assert not _table(tmp_path).exists()


def test_one_kind_of_span_may_be_asked_for_alone(write: Any) -> None:
    rows, _ = write(analyzers=("pii",))
    assert {row["kind"] for row in rows} == {"name", "phone"}


def test_a_day_that_a_month_does_not_have_is_left_open(
    shop: Store, tmp_path: Path, write: Any
) -> None:
    rows, _ = write()
    (row,) = (row for row in rows if row["text_id"] == "m3")
    assert row["value"] == "day=31"
    assert row["since"] == datetime(2024, 5, 31, tzinfo=UTC)
    add(shop, "m5", "下个月31号")
    (row,) = (row for row in write()[0] if row["text_id"] == "m5")
    assert (row["since"], row["until"]) == (None, None)


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(ValidationError, match="expected one such as Asia/Shanghai"):
        TextSettings(zone="Mars/Olympus")
