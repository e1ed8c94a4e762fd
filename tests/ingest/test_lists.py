"""Sequence files: order becomes time, folds are kept, bad lines are told apart."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.load import load
from ingest.sources.base import SourceError
from ingest.sources.lists import Lists
from ingest.store import Store

START = datetime(2000, 1, 1, tzinfo=UTC)


def _load(tmp_path: Path, source: Lists) -> tuple[Store, Any]:
    store = Store(tmp_path / "store")
    return store, load(source, store, tmp_path / "rejected", progress=False)


def test_positions_are_seconds_and_repeats_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "sequences.txt.gz"
    with gzip.open(path, "wt") as file:
        file.write("u1 a b a\nu2 c\n")
    store, report = _load(tmp_path, Lists(file=path, name="ml"))
    assert report.ok
    events = store.read("events").to_pylist()
    assert [row["event_id"] for row in events] == ["ml-u1-0", "ml-u1-1", "ml-u1-2", "ml-u2-0"]
    assert [row["item_id"] for row in events] == ["a", "b", "a", "c"]
    assert [row["occurred_at"] for row in events] == [
        START + timedelta(seconds=second) for second in (0, 1, 2, 0)
    ]
    assert {row["attributes"] for row in events} == {None}
    assert store.read("items").num_rows == 3
    assert store.read("customers").num_rows == 2


def test_folds_are_attributes_and_test_comes_after_train(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("0 72 60\n1 5\n")
    (tmp_path / "test.txt").write_text("0 697\n2 5\n")
    source = Lists(train=tmp_path / "train.txt", test=tmp_path / "test.txt", kind="purchase")
    events = {row["event_id"]: row for row in _load(tmp_path, source)[0].read("events").to_pylist()}
    held_out = events["lists-0-2"]
    assert held_out["item_id"] == "697"
    assert held_out["occurred_at"] == START + timedelta(seconds=2)
    assert json.loads(held_out["attributes"]) == {"fold": "test"}
    assert json.loads(events["lists-0-0"]["attributes"]) == {"fold": "train"}
    assert held_out["kind"] == "purchase"
    assert len(events) == 5


def test_a_customer_alone_is_rejected_and_empty_lines_are_nothing(tmp_path: Path) -> None:
    path = tmp_path / "s.txt"
    path.write_text("u1 a\n\nu2\nu3 b\n")
    _, report = _load(tmp_path, Lists(file=path))
    counts = report.tables["events"]
    assert (counts.read, counts.accepted, counts.rejected) == (3, 2, 1)


def test_loading_again_adds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "s.txt"
    path.write_text("u1 a b\nu1 c\n")
    store, _ = _load(tmp_path, Lists(file=path, batch_lines=1))
    assert (
        load(Lists(file=path), store, tmp_path / "r", progress=False).tables["events"].accepted == 0
    )
    assert store.read("events").num_rows == 3


def test_a_truncated_file_keeps_its_complete_lines(tmp_path: Path) -> None:
    whole = gzip.compress(
        "".join(
            f"u{n} " + " ".join(map(str, range(n, n + 40))) + "\n" for n in range(3000)
        ).encode()
    )
    path = tmp_path / "cut.txt.gz"
    path.write_bytes(whole[: len(whole) // 2])
    store, report = _load(tmp_path, Lists(file=path))
    assert not report.ok
    assert store.read("events").num_rows % 40 == 0
    assert store.read("events").num_rows > 0


@pytest.mark.parametrize("given_files", [{}, {"train": "a"}, {"file": "a", "test": "b"}])
def test_one_file_or_two_folds(given_files: dict[str, str]) -> None:
    with pytest.raises(SourceError, match="either `file` or both"):
        Lists(**given_files)  # type: ignore[arg-type]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nowhere"):
        list(Lists(file=tmp_path / "nowhere.txt").batches())


@settings(max_examples=25, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["u", "v", "w"]),
            st.lists(st.sampled_from(["a", "b", "用户"]), min_size=1, max_size=4),
        ),
        max_size=8,
    ),
    lines=st.integers(1, 4),
)
def test_each_customers_items_come_back_in_order(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, list[str]]], lines: int
) -> None:
    path = tmp_path_factory.mktemp("lists") / "s.txt"
    path.write_text("".join(f"{user} {' '.join(items)}\n" for user, items in rows), "utf-8")
    expected: dict[str, list[str]] = {}
    for user, items in rows:
        expected.setdefault(user, []).extend(items)
    found: dict[str, list[tuple[datetime, str]]] = {}
    for batch in Lists(file=path, batch_lines=lines).batches():
        if batch.table == "events":
            for row in batch.rows.to_pylist():
                found.setdefault(row["customer_id"], []).append(
                    (row["occurred_at"], row["item_id"])
                )
    assert {user: [item for _, item in sorted(pairs)] for user, pairs in found.items()} == expected


@pytest.mark.realdata
def test_the_published_counts(data_root: Path) -> None:
    folder = data_root / "amazon-electronics"
    source = Lists(train=folder / "train.txt", test=folder / "test.txt")
    counts: dict[str, int] = {}
    for batch in source.batches():
        counts[batch.table] = counts.get(batch.table, 0) + batch.rows.num_rows
    assert counts == {"customers": 1435, "items": 1522, "events": 35_931}
