from __future__ import annotations

import random
from datetime import UTC, date, datetime
from pathlib import Path

import orjson
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import load as load_module
from ingest.casting import Caster
from ingest.identity import KeyMaker
from ingest.load import load
from ingest.report import Counts
from ingest.schemas import canonical
from ingest.sources.base import Broken, RawBatch, SourceError, Times
from ingest.store import Store
from tests.ingest.samples import Listed, events


def cast(kind: str, values: list[object] | pa.Array, times: Times | None = None) -> list[object]:
    column = {"number": "price", "flag": "consent", "time": "first_seen_at", "text": "title"}[kind]
    spec = canonical("items" if kind in {"number", "text"} else "customers")
    rows = pa.table({column: values if isinstance(values, pa.Array) else pa.array(values)})
    result: list[object] = Caster().cast(spec, rows, times or Times())[0][column].to_pylist()
    return result


def text_events(*rows: dict[str, str | None]) -> pa.Table:
    base: dict[str, str | None] = {
        "customer_id": "ann", "kind": "purchase", "item_id": "tea", "price": "2.5",
        "quantity": "2", "occurred_at": "2024-05-31T10:00:00Z",
    }  # fmt: skip
    return pa.Table.from_pylist([base | row for row in rows])


def batch(rows: pa.Table, **more: object) -> RawBatch:
    keyed = KeyMaker().add(rows, "event_id")
    return RawBatch("events", keyed, "shop.csv", 2, derived_key=True, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("2024-05-31T18:00:00+08:00", Times()),
        ("2024-05-31T10:00:00Z", Times("Asia/Shanghai")),
        ("2024-05-31 18:00", Times("Asia/Shanghai")),
        (" 2024-05-31 10:00:00.000 ", Times()),
        ("31.05.2024 12:00", Times("Europe/Berlin", ("%d.%m.%Y %H:%M",))),
        ("31.05.2024 12:00 +0200", Times("UTC", ("%d.%m.%Y %H:%M %z",))),
        ("1717149600", Times("UTC", ("epoch_s",))),
        ("1717149600.0", Times("UTC", ("epoch_s",))),
        ("1717149600000", Times("UTC", ("epoch_ms",))),
    ],
)
def test_one_instant_written_in_many_ways(text: str, times: Times) -> None:
    assert cast("time", [text, None], times) == [datetime(2024, 5, 31, 10, tzinfo=UTC), None]


def test_typed_times_are_taken_as_they_are() -> None:
    naive = pa.array([datetime(2024, 5, 31, 18)], pa.timestamp("ns"))  # noqa: DTZ001
    zoned = pa.array([datetime(2024, 5, 31, 10, tzinfo=UTC)], pa.timestamp("ms", "Asia/Tokyo"))
    epoch = pa.array([1717149600], pa.int32())
    at = [datetime(2024, 5, 31, 10, tzinfo=UTC)]
    assert cast("time", naive, Times("Asia/Shanghai")) == at
    assert cast("time", zoned) == at
    assert cast("time", epoch, Times("UTC", ("epoch_s",))) == at
    assert cast("time", [date(2024, 5, 31)]) == [datetime(2024, 5, 31, tzinfo=UTC)]
    assert cast("time", epoch) == [None]  # a number is no time unless the mapping says so


def test_numbers_flags_and_text() -> None:
    assert cast("number", ["1", " 2.50 ", "-3e2", ".5", "", None]) == [
        1,
        2.5,
        -300,
        0.5,
        None,
        None,
    ]
    assert cast("number", ["1,5", "1_000", "x", "7"]) == [None, None, None, 7]
    assert cast("number", [1, 2]) == [1.0, 2.0]
    assert cast("number", pa.array([b"x"])) == [None]
    assert cast("number", [date(2024, 1, 1)]) == [None]
    assert cast("flag", ["TRUE", "0", "是", "no", "maybe", ""]) == [
        True,
        False,
        True,
        False,
        None,
        None,
    ]
    assert cast("flag", [1, 0]) == [True, False]
    assert cast("text", [12345.0, None]) == ["12345", None]
    assert cast("text", [1.5, 2.0]) == ["1.5", "2"]
    assert cast("text", [{"a": [1]}, None]) == ['{"a":[1]}', None]
    assert cast("text", pa.array(["a", "b", ""]).dictionary_encode()) == ["a", "b", None]
    assert cast("text", pa.array(["a"], pa.large_string())) == ["a"]
    assert cast("text", pa.nulls(2)) == [None, None]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=20))
def test_any_number_survives_its_text(values: list[float]) -> None:
    assert cast("number", pa.array([repr(v) for v in values], pa.string())) == values


@settings(max_examples=30, deadline=None)
@given(st.datetimes(datetime(1901, 1, 1), datetime(2199, 1, 1), timezones=st.timezones()))  # noqa: DTZ001
def test_any_time_with_a_zone_is_the_same_instant(value: datetime) -> None:
    if value.utcoffset() is None or value.utcoffset().total_seconds() % 60:  # type: ignore[union-attr]
        return
    assert cast("time", [value.isoformat()]) == [value.astimezone(UTC)]


def test_every_row_is_accounted_for(tmp_path: Path) -> None:
    rows = text_events(
        {}, {"price": "x"}, {}, {"customer_id": None, "price": "-1"}, {"kind": "Buy"}
    )
    lost = Broken(3, "expected 6 fields, received 2", "ann,buy")
    source = Listed([batch(rows, broken=(lost,))])
    store = Store(tmp_path / "store")
    report = load(source, store, tmp_path / "rejected", progress=False)
    assert report.tables == {"events": Counts(6, 2, 0, 4)}
    assert report.ok
    assert report.total.rejected == 4
    kept = [
        orjson.loads(line)
        for line in (tmp_path / "rejected/events.jsonl").read_bytes().splitlines()
    ]
    assert [(row["file"], row["row"], row["reason"]) for row in kept] == [
        ("shop.csv", 3, "expected 6 fields, received 2"),
        ("shop.csv", 4, "column price: expected a number, received 'x'"),
        ("shop.csv", 6, "column customer_id: expected a value, received nothing; "
         "column price: expected a number >= 0, received '-1'"),
        ("shop.csv", 7, "column kind: expected a name in lower_snake letters, such as purchase or "
         "contact_added, received 'Buy'"),
    ]  # fmt: skip
    assert kept[0]["content"] == "ann,buy"
    assert kept[1]["content"]["price"] == "x"
    assert "event_id" not in kept[1]["content"]


def test_loading_again_adds_nothing_and_rejects_nothing_twice(tmp_path: Path) -> None:
    source = Listed([batch(text_events({}, {}, {"price": "x"}))])
    store = Store(tmp_path / "store")
    load(source, store, tmp_path / "rejected", progress=False)
    before = (tmp_path / "rejected/events.jsonl").read_bytes()
    report = load(source, store, tmp_path / "rejected", progress=False)
    assert report.tables == {"events": Counts(3, 0, 2, 1)}
    assert (tmp_path / "rejected/events.jsonl").read_bytes() == before
    assert store.read("events").num_rows == 2


def test_what_follows_from_the_rest_is_filled_in(tmp_path: Path) -> None:
    rows = text_events({}, {"kind": "view", "quantity": None}, {"quantity": None}, {"price": None})
    store = Store(tmp_path / "store")
    load(Listed([batch(rows)]), store, tmp_path / "rejected", progress=False)
    stored = store.read("events").to_pylist()
    assert [row["value"] for row in stored] == [5.0, None, 2.5, None]
    assert {row["source"] for row in stored} == {"listed"}
    assert all(row["available_at"] == row["occurred_at"] for row in stored)
    said = pa.table({
        "message_id": ["m"], "conversation_id": ["v"], "sender_role": ["bot"], "kind": ["text"],
        "occurred_at": ["2024-01-01"],
    })  # fmt: skip
    load(Listed([RawBatch("messages", said, "chat")]), store, tmp_path / "rejected", progress=False)
    assert store.read("messages", ["recalled", "private"]).to_pylist() == [
        {"recalled": False, "private": False}
    ]


def test_a_bad_time_is_told_once(tmp_path: Path) -> None:
    source = Listed([batch(text_events({"occurred_at": "soon"}))])
    load(source, Store(tmp_path / "s"), tmp_path / "r", progress=False)
    reason = orjson.loads((tmp_path / "r/events.jsonl").read_bytes())["reason"]
    assert reason == (
        "column occurred_at: expected a time: ISO 8601 (2024-05-31T18:00:00+08:00), received 'soon'"
    )


def test_an_error_of_the_source_keeps_what_was_read(tmp_path: Path) -> None:
    source = Listed([batch(text_events({}))], failure="shop.csv.gz: ends early")
    store = Store(tmp_path / "store")
    report = load(source, store, tmp_path / "rejected", progress=False)
    assert not report.ok
    assert report.errors == ("shop.csv.gz: ends early",)
    assert store.read("events").num_rows == 1


@pytest.mark.parametrize(
    ("name", "columns", "message"),
    [
        ("orders", {"a": ["1"]}, "'orders': expected one of"),
        ("items", {"sku": ["1"]}, "no column sku"),
    ],
)
def test_a_batch_that_fits_no_table_is_an_error(
    tmp_path: Path, name: str, columns: dict[str, list[str]], message: str
) -> None:
    source = Listed([RawBatch(name, pa.table(columns), "shop.csv")])
    report = load(source, Store(tmp_path / "s"), tmp_path / "r", progress=False)
    assert message in report.errors[0]
    assert "shop.csv" in report.errors[0]


def test_commits_are_full_or_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_module, "COMMIT_ROWS", 10)
    made = [RawBatch("events", events(4 * n, 4 * n + 4), "e") for n in range(6)]
    store = Store(tmp_path / "store")
    report = load(Listed(made), store, tmp_path / "r", progress=True)
    assert report.tables == {"events": Counts(24, 24, 0, 0)}
    assert store.version("events") == 2  # 12 rows each; version 0 made the table


def test_counts_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(AssertionError, match="went missing"):
        Counts(3, 1, 0, 1)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from("abc"), max_size=12), st.integers(0, 12), st.randoms())
def test_derived_keys_are_unique_and_repeat(
    items: list[str], cut: int, shuffle: random.Random
) -> None:
    def keys(maker: KeyMaker, values: list[str]) -> list[str]:
        rows = pa.table(
            {"item_id": pa.array(values, pa.string()), "n": pa.nulls(len(values), pa.string())}
        )
        found: list[str] = maker.keys(rows).to_pylist()
        return found

    whole = keys(KeyMaker(), items)
    maker = KeyMaker()
    assert keys(maker, items[:cut]) + keys(maker, items[cut:]) == whole
    assert len(set(whole)) == len(items)
    mixed = list(items)
    shuffle.shuffle(mixed)
    assert sorted(keys(KeyMaker(), mixed)) == sorted(whole)


def test_a_source_error_is_a_value_error() -> None:
    assert issubclass(SourceError, ValueError)
