from __future__ import annotations

from pathlib import Path

import orjson
import pyarrow as pa
import pytest

from ingest.identity import KeyMaker
from ingest.load import load
from ingest.rejects import Rejected, Rejects
from ingest.reload import reload_rejected
from ingest.report import Counts
from ingest.sources.base import Broken, RawBatch, Times
from ingest.store import Store
from tests.ingest.samples import Listed


def rejected(row: int, content: dict[str, object] | str = "a,b", table: str = "events") -> Rejected:
    return Rejected(table, "shop", "shop.csv", row, "expected 3 fields, received 2", content)


def load_bad(root: Path) -> Store:
    rows = pa.table({
        "customer_id": ["ann", "bob", "cyd"],
        "kind": ["view", "View", "view"],
        "occurred_at": ["2024-05-31 18:00", "2024-05-31 18:00", "never"],
    })  # fmt: skip
    keyed = KeyMaker().add(rows, "event_id")
    lost = Broken(5, "expected 3 fields, received 1", "dan")
    times = Times("Asia/Shanghai", ("%Y-%m-%d %H:%M",))
    source = Listed([RawBatch("events", keyed, "shop.csv", 2, (lost,), times, derived_key=True)])
    store = Store(root / "store")
    load(source, store, root / "rejected", progress=False)
    return store


def test_a_row_is_kept_once_with_all_that_is_needed_to_load_it(tmp_path: Path) -> None:
    rows = [rejected(1), rejected(2), rejected(1), rejected(1, table="items")]
    Rejects(tmp_path).keep(rows)
    Rejects(tmp_path).keep(rows[:2])
    found = [row for _, row in Rejects(tmp_path).read()]
    assert found == [rejected(1), rejected(2), rejected(1, table="items")]


def test_a_line_cut_by_a_kill_is_neither_lost_nor_in_the_way(tmp_path: Path) -> None:
    Rejects(tmp_path).keep([rejected(1), rejected(2)])
    path = tmp_path / "events.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    Rejects(tmp_path).keep([rejected(1), rejected(2), rejected(3)])
    assert sorted(row.row for _, row in Rejects(tmp_path).read()) == [1, 2, 3]


def test_removed_rows_are_gone_and_the_rest_stays(tmp_path: Path) -> None:
    rejects = Rejects(tmp_path)
    rejects.keep([rejected(1), rejected(2)])
    rejects.remove({rejected(1).id})
    assert [row.row for _, row in rejects.read()] == [2]
    rejects.keep([rejected(1)])
    assert sorted(row.row for _, row in rejects.read()) == [1, 2]


def test_rows_corrected_in_place_load_and_leave(tmp_path: Path) -> None:
    store = load_bad(tmp_path)
    path = tmp_path / "rejected/events.jsonl"
    path.write_text(path.read_text().replace('"View"', '"view"'))
    report = reload_rejected(store, tmp_path / "rejected")
    assert report.tables == {"events": Counts(3, 1, 0, 2)}
    assert {row.row for _, row in Rejects(tmp_path / "rejected").read()} == {4, 5}
    assert len(report.notes) == 2
    assert any("shop.csv, row 4: column occurred_at" in note for note in report.notes)
    stored = store.read("events").to_pylist()
    assert sorted(row["customer_id"] for row in stored) == ["ann", "bob"]
    assert len({row["occurred_at"] for row in stored}) == 1  # read in the zone of the file


def test_a_corrected_copy_loads_and_leaves(tmp_path: Path) -> None:
    store = load_bad(tmp_path)
    fixed = tmp_path / "fixed.jsonl"
    lines = [
        orjson.loads(line)
        for line in (tmp_path / "rejected/events.jsonl").read_bytes().splitlines()
    ]
    whole = {"customer_id": "dan", "kind": "view", "occurred_at": "2024-06-01", "value": 3}
    for line in lines:
        line["content"] = whole if line["row"] == 5 else line["content"]
    fixed.write_bytes(b"\n".join(orjson.dumps(line) for line in lines if line["row"] == 5))
    report = reload_rejected(store, tmp_path / "rejected", fixed)
    assert report.tables == {"events": Counts(1, 1, 0, 0)}
    assert {row.row for _, row in Rejects(tmp_path / "rejected").read()} == {3, 4}
    assert reload_rejected(store, tmp_path / "rejected", fixed).tables["events"].duplicate == 1


def test_a_row_corrected_in_both_places_is_one_row(tmp_path: Path) -> None:
    store = load_bad(tmp_path)
    rows = pa.table({"customer_id": ["bob"], "kind": ["view"], "occurred_at": ["2024-05-31 18:00"]})
    keyed = KeyMaker().add(rows, "event_id")
    again = RawBatch("events", keyed, "shop.csv", 3, times=Times("Asia/Shanghai"), derived_key=True)
    load(Listed([again]), store, tmp_path / "rejected", progress=False)
    path = tmp_path / "rejected/events.jsonl"
    path.write_text(path.read_text().replace('"View"', '"view"'))
    report = reload_rejected(store, tmp_path / "rejected")
    assert report.tables == {"events": Counts(3, 0, 1, 2)}


def test_rows_with_their_own_key_reload_with_it(tmp_path: Path) -> None:
    rows = pa.table({"item_id": ["tea"], "price": ["cheap"], "attributes": [{"a": 1}]})
    store = Store(tmp_path / "store")
    source = Listed([RawBatch("items", rows, "items.parquet")])
    load(source, store, tmp_path / "rejected", progress=False)
    path = tmp_path / "rejected/items.jsonl"
    path.write_text(path.read_text().replace('"cheap"', "2.5"))
    assert reload_rejected(store, tmp_path / "rejected").tables == {"items": Counts(1, 1, 0, 0)}
    (item,) = store.read("items", ["item_id", "price", "attributes", "source"]).to_pylist()
    assert item == {"item_id": "tea", "price": 2.5, "attributes": '{"a":1}', "source": "listed"}


def test_a_file_that_holds_no_rejected_rows_is_told_with_the_line(tmp_path: Path) -> None:
    file = tmp_path / "fixed.jsonl"
    file.write_text("\ncustomer_id,kind\n")
    with pytest.raises(ValueError, match=r"fixed.jsonl, line 2: expected a rejected row as JSON"):
        reload_rejected(Store(tmp_path / "s"), tmp_path / "r", file)
    assert reload_rejected(Store(tmp_path / "s"), tmp_path / "r").tables == {}
