"""Online Retail: every invoice line becomes an event of the right kind or a rejected row."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingest.load import load
from ingest.rejects import Rejects
from ingest.sources.base import SourceError
from ingest.sources.online_retail import OnlineRetail
from ingest.store import Store

LINES = """SELECT * FROM (VALUES
    ('536365', '85123A', 'WHITE HEART', 6, TIMESTAMP '2010-12-01 08:26:00', 2.55, 17850.0, 'UK'),
    ('536365', '85123A', 'WHITE HEART', 6, TIMESTAMP '2010-12-01 08:26:00', 2.55, 17850.0, 'UK'),
    ('C54000', '85123A', 'WHITE HEART', -2, TIMESTAMP '2011-07-01 10:00:00', 2.55, 17850.0, 'UK'),
    ('540001', 'POST', 'POSTAGE', 1, TIMESTAMP '2011-07-01 10:00:00', 18.0, 12345.0, 'France'),
    ('540002', '22000', 'FREE SPOON', 1, TIMESTAMP '2011-07-01 10:00:00', 0.0, 12345.0, 'France'),
    ('540003', '22000', 'SPOON', 3, TIMESTAMP '2011-07-02 10:00:00', 1.0, NULL, 'France'),
    ('540004', '22000', 'damaged', -9, TIMESTAMP '2011-07-02 10:00:00', 0.0, NULL, 'France'),
    ('540005', '22000', 'SPOON', 3, TIMESTAMP '2011-07-02 10:00:00', 1.0, 12345.0, 'France'),
    ('A54006', 'B', 'Adjust bad debt', 1, TIMESTAMP '2011-08-12 14:50:00', -11062.06, NULL, 'UK'))
    t("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice",
      "CustomerID", "Country")"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "retail.parquet"
    duckdb.sql(LINES).write_parquet(str(path))
    return path


def _load(file: Path) -> tuple[Store, Any]:
    store = Store(file.parent / "store")
    report = load(OnlineRetail(file=file), store, file.parent / "rejected", progress=False)
    return store, report


def test_every_line_is_an_event_or_a_rejected_row(file: Path) -> None:
    store, report = _load(file)
    counts = report.tables["events"]
    assert (counts.read, counts.accepted, counts.rejected) == (9, 6, 3)
    kinds = [row["kind"] for row in sorted(_events(store), key=lambda row: row["event_id"])]
    assert sorted(kinds) == ["charge", "gift", "purchase", "purchase", "purchase", "return"]


def _events(store: Store) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = store.read("events").to_pylist()
    return rows


def test_cancellations_are_returns_and_postage_names_no_item(file: Path) -> None:
    events = {row["event_id"]: row for row in _events(_load(file)[0])}
    returned = events["C54000-1"]
    assert (returned["quantity"], returned["value"]) == (2.0, -5.1)
    assert returned["occurred_at"] == datetime(2011, 7, 1, 9, tzinfo=UTC), "British summer time"
    assert events["536365-1"]["occurred_at"] == datetime(2010, 12, 1, 8, 26, tzinfo=UTC)
    assert events["540001-1"]["item_id"] is None
    assert json.loads(events["540001-1"]["attributes"])["stock_code"] == "POST"
    assert (events["536365-1"]["item_id"], events["536365-2"]["item_id"]) == ("85123A", "85123A")


def test_rejected_lines_say_why_and_where(file: Path) -> None:
    _load(file)
    reasons = {row.row: row.reason for _, row in Rejects(file.parent / "rejected").read()}
    assert "customer_id" in reasons[6]
    assert "quantity" in reasons[7]
    assert "price" in reasons[9]


def test_items_take_their_most_frequent_name(file: Path) -> None:
    store, _ = _load(file)
    items = {row["item_id"]: row["title"] for row in store.read("items").to_pylist()}
    assert items == {"85123A": "WHITE HEART", "22000": "SPOON"}
    customers = {row["customer_id"]: row for row in store.read("customers").to_pylist()}
    assert json.loads(customers["12345"]["attributes"]) == {"country": "France"}


def test_loading_again_adds_nothing(file: Path) -> None:
    _load(file)
    assert _load(file)[1].tables["events"].accepted == 0


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.parquet: file not found"):
        list(OnlineRetail(file=tmp_path / "none.parquet").batches())


@pytest.mark.realdata
@pytest.mark.slow
def test_the_published_counts(data_root: Path) -> None:
    path = data_root / "online-retail" / "online_retail.parquet"
    counts: dict[str, int] = {}
    for batch in OnlineRetail(file=path).batches():
        counts[batch.table] = counts.get(batch.table, 0) + batch.rows.num_rows
    assert counts == {"customers": 4372, "items": 4059, "events": 541_909}
