"""Amazon reviews: both editions, metadata with markup, broken lines and truncated files."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ingest.load import load
from ingest.sources.amazon import Amazon
from ingest.sources.base import SourceError
from ingest.sources.markup import plain
from ingest.store import Store

OLD = {
    "reviewerID": "A1",
    "asin": "B1",
    "reviewerName": 'Ann "the drummer"',
    "helpful": [13, 14],
    "reviewText": "Holds the <b>tune</b> &amp; feels right.",
    "overall": 5.0,
    "summary": "Great",
    "unixReviewTime": 1393545600,
    "reviewTime": "02 28, 2014",
}
NEW = {
    "overall": 2.0,
    "verified": True,
    "reviewTime": "06 17, 2018",
    "reviewerID": "A2",
    "asin": "B2",
    "style": {"Color:": " red"},
    "reviewText": "Broke",
    "summary": "Two Stars",
    "unixReviewTime": 1529193600,
    "vote": "1,234",
    "image": ["https://example.com/1.jpg"],
}


def _write(path: Path, rows: list[dict[str, Any] | str]) -> Path:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return path


def _load(tmp_path: Path, source: Amazon) -> tuple[Store, Any]:
    store = Store(tmp_path / "store")
    return store, load(source, store, tmp_path / "rejected", progress=False)


def _rows(store: Store, table: str, key: str) -> dict[str, dict[str, Any]]:
    return {row[key]: row for row in store.read(table).to_pylist()}


def test_both_editions_become_ratings_and_reviews(tmp_path: Path) -> None:
    reviews = _write(tmp_path / "reviews.json.gz", [OLD, NEW])
    store, report = _load(tmp_path, Amazon(reviews=reviews, name="shop"))
    assert report.ok
    events = _rows(store, "events", "customer_id")
    assert events["A1"]["kind"] == "rate"
    assert events["A1"]["value"] == 5.0
    assert events["A1"]["occurred_at"] == datetime(2014, 2, 28, tzinfo=UTC)
    assert json.loads(events["A1"]["attributes"]) == {"helpful": [13, 14]}
    assert json.loads(events["A2"]["attributes"]) == {
        "verified": True,
        "votes": "1,234",
        "style": {"Color:": " red"},
        "images": 1,
    }
    feedback = _rows(store, "feedback", "customer_id")
    assert feedback["A1"]["feedback_id"] == events["A1"]["event_id"]
    assert feedback["A1"]["text"] == "Holds the tune & feels right."
    assert (feedback["A2"]["title"], feedback["A2"]["rating"]) == ("Two Stars", 2.0)
    customers = _rows(store, "customers", "customer_id")
    assert json.loads(customers["A1"]["attributes"]) == {"name": 'Ann "the drummer"'}
    assert customers["A2"]["attributes"] is None
    assert set(_rows(store, "items", "item_id")) == {"B1", "B2"}


def test_a_review_without_text_uses_its_headline_or_stays_a_rating(tmp_path: Path) -> None:
    headline = OLD | {"reviewText": " ", "summary": "Just a headline"}
    silent = OLD | {"asin": "B9", "reviewText": "", "summary": ""}
    reviews = _write(tmp_path / "r.json.gz", [headline, silent])
    store, report = _load(tmp_path, Amazon(reviews=reviews))
    assert store.read("events").num_rows == 2
    assert store.read("feedback")["text"].to_pylist() == ["Just a headline"]
    assert any("1 ratings have no words" in note for note in report.notes)


def test_the_written_date_is_read_where_the_number_is_missing(tmp_path: Path) -> None:
    row = {key: value for key, value in NEW.items() if key != "unixReviewTime"}
    store, report = _load(tmp_path, Amazon(reviews=_write(tmp_path / "r.json.gz", [row])))
    assert report.ok
    assert store.read("events")["occurred_at"].to_pylist() == [datetime(2018, 6, 17, tzinfo=UTC)]


def test_equal_reviews_are_two_and_loading_again_adds_none(tmp_path: Path) -> None:
    source = Amazon(reviews=_write(tmp_path / "r.json.gz", [OLD, OLD, NEW]))
    store, _ = _load(tmp_path, source)
    assert store.read("events").num_rows == 3
    again = load(source, store, tmp_path / "rejected", progress=False)
    assert store.read("events").num_rows == 3
    assert again.tables["events"].duplicate == 3


def test_a_bad_line_and_a_bad_rating_are_rejected_with_their_rows(tmp_path: Path) -> None:
    rows: list[dict[str, Any] | str] = [OLD, "{not json", NEW | {"overall": "many"}]
    store, report = _load(tmp_path, Amazon(reviews=_write(tmp_path / "r.json.gz", rows)))
    events = report.tables["events"]
    assert (events.read, events.accepted, events.rejected) == (3, 1, 2)
    assert store.read("events").num_rows == 1


def test_a_truncated_file_keeps_its_complete_lines(tmp_path: Path) -> None:
    whole = _write(tmp_path / "whole.json.gz", [OLD | {"asin": f"B{n}"} for n in range(5000)])
    cut = tmp_path / "cut.json.gz"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    store, report = _load(tmp_path, Amazon(reviews=cut))
    assert not report.ok
    assert "ends after" in report.errors[0]
    assert 0 < store.read("events").num_rows < 5000


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nowhere"):
        list(Amazon(reviews=tmp_path / "nowhere.json.gz").batches())


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        ("$25.00", 25.0),
        ("$1.00 - $3.00", 2.0),
        ("$1,250.50", 1250.5),
        ("", None),
        (".a-box-inner{background-color:#fff}", None),
        ("$", None),
    ],
)
def test_prices_are_read_from_texts(tmp_path: Path, price: str, expected: float | None) -> None:
    meta = _write(tmp_path / "m.json.gz", [{"asin": "B1", "title": "Card", "price": price}])
    source = Amazon(reviews=_write(tmp_path / "r.json.gz", [OLD]), metadata=meta)
    store, _ = _load(tmp_path, source)
    assert _rows(store, "items", "item_id")["B1"]["price"] == expected


def test_metadata_loses_its_markup_and_what_came_later(tmp_path: Path) -> None:
    row = {
        "asin": "B1",
        "title": " Maggiano&#39;s  Gift Card",
        "brand": "by\n    \n    Apple",
        "category": ["Gift Cards", "Gift Cards", "Cards", "</span></span>", "No fees."],
        "description": ["<div>Two <b>cards</b></div>", "in a box"],
        "feature": ["never expires", "<br/>"],
        "also_buy": ["B7"],
        "price": "$10.00",
    }
    meta = _write(tmp_path / "m.json.gz", [row, {"asin": "B3", "category": "Plain [text"}])
    source = Amazon(reviews=_write(tmp_path / "r.json.gz", [OLD]), metadata=meta)
    items = _rows(_load(tmp_path, source)[0], "items", "item_id")
    assert items["B1"]["title"] == "Maggiano's Gift Card"
    assert items["B1"]["brand"] == "Apple"
    assert items["B1"]["category"] == "Gift Cards > Cards"
    assert items["B1"]["description"] == "Two cards in a box"
    assert json.loads(items["B1"]["attributes"]) == {"features": ["never expires"]}
    assert items["B3"]["category"] == "Plain [text"
    assert items["B3"]["title"] is None


def test_plain_text_of_nothing_is_nothing() -> None:
    assert plain(None) is None
    assert plain("<br/> ") is None


@pytest.mark.realdata
def test_the_published_counts(data_root: Path) -> None:
    folder = data_root / "amazon-gift-cards"
    source = Amazon(
        reviews=folder / "Gift_Cards_5.json.gz", metadata=folder / "meta_Gift_Cards.json.gz"
    )
    counts: dict[str, int] = {}
    for batch in source.batches():
        counts[batch.table] = counts.get(batch.table, 0) + batch.rows.num_rows
    assert counts == {"items": 1547, "customers": 458, "events": 2972, "feedback": 2972}
