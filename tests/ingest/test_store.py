from __future__ import annotations

import shutil
import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable, write_deltalake
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import keys as keys_module
from ingest import merging
from ingest import store as store_module
from ingest.keys import KeyIndex, hash_keys
from ingest.store import Added, Store
from tests.ingest.samples import START, event, events, table


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def ids(store: Store, name: str = "events", key: str = "event_id") -> list[str]:
    found: list[str] = store.read(name, columns=[key])[key].to_pylist()
    return sorted(found)


def customers(*rows: tuple[str, str | None, bool | None]) -> pa.Table:
    return table(
        "customers",
        [
            {"customer_id": name, "source": "t", "attributes": attributes, "consent": consent}
            for name, attributes, consent in rows
        ],
    )


def test_a_table_never_loaded_reads_as_empty(store: Store) -> None:
    assert store.read("facts").num_rows == 0
    assert "recorded_at" in store.dataset("facts").schema.names
    assert store.version("facts") is None
    assert store.versions() == {}
    assert store.delete("facts", "c1") == 0


def test_adding_twice_adds_once(store: Store) -> None:
    assert store.add("events", events(0, 10)) == Added(10, 0)
    before = store.version("events")
    assert store.add("events", events(0, 10)) == Added(0, 10)
    assert store.version("events") == before
    assert store.add("events", events(5, 15)) == Added(5, 5)
    assert store.read("events").num_rows == 15
    assert store.add("events", events(0, 0)) == Added(0, 0)


def test_duplicates_within_a_batch_count_and_the_first_wins(store: Store) -> None:
    rows = table("events", [event(1), event(1, value=99.0), event(2)])
    assert store.add("events", rows) == Added(2, 1)
    assert store.add("events", table("events", [event(1, value=7.0)])) == Added(0, 1)
    kept = store.read("events", filter=pc.field("event_id") == "e1")
    assert kept["value"].to_pylist() == [2.5]


def test_read_takes_columns_filter_and_version(store: Store) -> None:
    store.add("events", events(0, 4))
    first = store.version("events")
    store.add("events", events(4, 6))
    late = store.read("events", ["event_id"], pc.field("customer_id") == "c5")
    assert late.to_pylist() == [{"event_id": "e5"}]
    assert store.read("events", version=first).num_rows == 4
    assert store.versions() == {"events": first + 1 if first is not None else 0}
    assert store.version("events") == DeltaTable(store.path("events")).version()


def test_another_store_object_sees_and_keeps_what_was_written(tmp_path: Path) -> None:
    one, two = Store(tmp_path), Store(tmp_path)
    one.add("events", events(0, 5))
    assert two.add("events", events(0, 6)) == Added(1, 5)
    assert one.add("events", events(4, 8)) == Added(2, 2)
    assert two.add("events", events(0, 9)) == Added(1, 8)


def test_two_writers_at_once_lose_and_double_nothing(tmp_path: Path) -> None:
    added: list[Added] = []

    def write(start: int) -> None:
        mine = Store(tmp_path)
        for first in range(start, start + 50, 10):
            done = mine.add("events", events(first, first + 20))
            added.append(done)

    threads = [threading.Thread(target=write, args=(start,)) for start in (0, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stored = ids(Store(tmp_path))
    assert len(stored) == len(set(stored)) == 65
    assert sum(a.accepted for a in added) == 65
    assert sum(a.accepted + a.duplicate for a in added) == 200


def test_customers_take_new_values_and_keep_old_ones_where_none_come(store: Store) -> None:
    store.add("customers", customers(("a", '{"city":"Bonn"}', None), ("b", None, True)))
    again = customers(("a", None, False), ("b", None, True), ("c", None, None))
    assert store.add("customers", again) == Added(2, 1)
    assert store.add("customers", again) == Added(0, 3)
    rows = {row["customer_id"]: row for row in store.read("customers").to_pylist()}
    assert rows["a"]["attributes"] == '{"city":"Bonn"}'
    assert rows["a"]["consent"] is False
    assert set(rows) == {"a", "b", "c"}


def test_many_changed_rows_are_replaced_too(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "FEW_KEYS", 2)
    store.add("customers", customers(*((f"c{n}", None, None) for n in range(10))))
    changed = customers(*((f"c{n}", None, True) for n in range(5, 12)))
    assert store.add("customers", changed) == Added(7, 0)
    consenting = store.read("customers", filter=pc.field("consent"))
    assert consenting.num_rows == 7
    assert store.read("customers").num_rows == 12
    assert store.add("customers", changed) == Added(0, 7)


VALUE = st.one_of(st.none(), st.sampled_from(['{"v":1}', '{"v":2}', '{"v":3}']))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), VALUE, st.sampled_from([None, True, False]))),
       st.integers(0, 8))  # fmt: skip
def test_where_a_batch_is_cut_does_not_matter(
    rows: list[tuple[str, str | None, bool | None]], cut: int
) -> None:
    def fold(*batches: pa.Table) -> list[dict[str, object]]:
        stored = customers()
        for batch in batches:
            fresh, changed = merging.changes(
                merging.latest(batch, "customer_id"), stored, "customer_id"
            )
            new = pa.concat_tables([fresh, changed])
            gone = pc.is_in(stored["customer_id"], value_set=new["customer_id"].combine_chunks())
            stored = pa.concat_tables([stored.filter(pc.invert(gone)), new])
        return sorted(stored.to_pylist(), key=lambda row: str(row["customer_id"]))

    whole = fold(customers(*rows))
    assert fold(customers(*rows[:cut]), customers(*rows[cut:])) == whole
    assert fold(customers(*rows), customers(*rows[:cut]), customers(*rows)) == whole


def test_erasure_removes_rows_and_the_files_of_earlier_versions(store: Store) -> None:
    store.add("events", events(0, 14))
    store.add("events", table("events", [event(99, customer_id="o'neil", source="secret")]))
    assert store.delete("events", "o'neil") == 1
    assert store.delete("events", "nobody") == 0
    assert store.read("events").num_rows == 14
    kept = b"".join(file.read_bytes() for file in store.path("events").rglob("*") if file.is_file())
    assert b"secret" not in kept
    assert store.delete("events", "c1") == 2
    assert store.add("events", events(0, 14)) == Added(2, 12)
    with pytest.raises(ValueError, match="no column customer_id"):
        store.delete("items", "c1")


def test_small_files_are_compacted_and_stay_readable(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "SMALL_FILES", 8)
    for number in range(20):
        assert store.add("events", events(number, number + 1)) == Added(1, 0)
    assert len(store.dataset("events").files) < 8
    assert store.add("events", events(0, 21)) == Added(1, 20)
    assert store.read("events", filter=pc.field("customer_id") == "c0").num_rows == 3


def test_rows_of_another_shape_are_refused_with_the_difference(store: Store) -> None:
    rows = events(0, 2)
    with pytest.raises(ValueError, match=r"missing \['item_id'\], not known \['sku'\]"):
        store.add(
            "events",
            rows.rename_columns(["sku" if n == "item_id" else n for n in rows.column_names]),
        )
    wrong = rows.set_column(7, "value", pa.array(["x", "y"]))
    with pytest.raises(ValueError, match="'events': rows do not fit its schema"):
        store.add("events", wrong)
    with pytest.raises(KeyError, match="'orders'"):
        store.add("orders", rows)


def test_times_come_back_as_utc_microseconds(store: Store) -> None:
    store.add("events", events(0, 1))
    assert store.read("events")["occurred_at"].to_pylist() == [START]


def test_equal_hashes_do_not_make_keys_equal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def collide(keys: pa.Array) -> keys_module.Hashes:
        return np.zeros(len(keys), dtype=np.uint64)

    monkeypatch.setattr("ingest.store.hash_keys", collide)
    monkeypatch.setattr("ingest.ledger.hash_keys", collide)
    store = Store(tmp_path)
    assert store.add("events", events(0, 5)) == Added(5, 0)
    assert store.add("events", events(5, 8)) == Added(3, 0)
    assert store.add("events", events(0, 9)) == Added(1, 8)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sets(st.integers(0, 40), max_size=12), max_size=6), st.sets(st.integers(0, 60)))
def test_the_index_names_the_files_that_hold_a_key(files: list[set[int]], asked: set[int]) -> None:
    def hashes(numbers: set[int]) -> keys_module.Hashes:
        return hash_keys(pa.array([str(n) for n in numbers], pa.string()))

    index = KeyIndex()
    for number, members in enumerate(files):
        index.add(f"f{number}", hashes(members))
    if files:
        index.remove({"f0"})
    expected = [f"f{n}" for n, members in enumerate(files) if n and members & asked]
    assert index.files_with(hashes(asked)) == expected
    assert len(index) == sum(len(members) for members in files[1:])


def test_a_table_whose_making_was_interrupted_is_made(store: Store) -> None:
    (store.path("events") / "_delta_log").mkdir(parents=True)
    assert store.read("events").num_rows == 0
    assert store.add("events", events(0, 3)) == Added(3, 0)


def test_a_table_made_anew_by_somebody_else_is_read_anew(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for number in range(4):
        store.add("events", events(number, number + 1))
    shutil.rmtree(store.path("events"))
    assert Store(tmp_path).add("events", events(2, 3)) == Added(1, 0)
    assert store.add("events", events(0, 4)) == Added(3, 1)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.text(max_size=80)))
def test_a_key_has_one_hash_whatever_is_around_it(keys: list[str]) -> None:
    column = pa.array(["x", *keys], pa.string())
    whole = hash_keys(column)[1:]
    assert hash_keys(column.slice(1)).tolist() == whole.tolist()
    alone = [hash_keys(pa.array([key])).item() for key in keys]
    assert alone == whole.tolist()
    assert len(set(alone)) == len(set(keys))


def test_a_view_older_than_the_log_is_made_anew(tmp_path: Path) -> None:
    old, new = Store(tmp_path), Store(tmp_path)
    old.add("events", events(0, 2))
    for number in range(2, 6):
        new.add("events", events(number, number + 1))
    log = new.path("events") / "_delta_log"
    DeltaTable(new.path("events")).create_checkpoint()
    for file in sorted(log.glob("*.json"))[:-1]:
        file.unlink()
    assert old.add("events", events(0, 7)) == Added(1, 6)


def test_a_writer_that_does_not_take_the_lock_does_no_harm(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.add("events", events(0, 2))
    write_deltalake(store.path("events"), events(2, 4), mode="append")
    assert store.add("events", events(0, 5)) == Added(1, 4)
