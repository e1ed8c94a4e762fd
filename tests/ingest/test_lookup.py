"""Rows of a few customers: the same as the store reads, whatever is in their ids."""

from __future__ import annotations

from pathlib import Path

import pyarrow.compute as pc
import pytest

from ingest.lookup import rows_of
from ingest.store import Store
from tests.ingest.samples import event, table


@pytest.mark.parametrize("ids", [["c3"], ["c1", "c5", "o'brien"], ["nobody"]])
def test_they_are_those_that_the_store_reads(tmp_path: Path, ids: list[str]) -> None:
    store = Store(tmp_path / "it's a store")
    assert rows_of(store, "events", ids).schema == store.read("events").schema
    store.add("events", table("events", [event(n) for n in range(20)]))
    store.add("events", table("events", [event(n, customer_id="o'brien") for n in (30, 31)]))
    found = rows_of(store, "events", ids)
    expected = store.read("events", filter=pc.field("customer_id").isin(ids))
    assert found.sort_by("event_id").equals(expected.sort_by("event_id"))
    assert found.num_rows == {"c3": 3, "c1": 8, "nobody": 0}[ids[0]]
