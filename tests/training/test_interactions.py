"""Interactions are validated, ordered, and never reach past their as-of time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from ingest.schemas import canonical
from ingest.store import Store
from training.ids import IdMap
from training.interactions import Interactions

T0 = datetime(2024, 1, 1, tzinfo=UTC)


def frame(*rows: tuple[str, str, float]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["customer_id", "item_id", "day"])
    table["occurred_at"] = [T0 + timedelta(days=day) for day in table.pop("day")]
    return table


ROWS = frame(("b", "y", 3), ("a", "x", 1), ("a", "y", 2), ("a", "x", 2), ("a", "x", 2))


def test_rows_are_ordered_by_customer_time_and_item() -> None:
    found = Interactions.of(ROWS)
    assert found.frame["customer_id"].tolist() == ["a", "a", "a", "a", "b"]
    assert found.frame["item_id"].tolist() == ["x", "x", "x", "y", "y"]
    assert found.customer_numbers.tolist() == [0, 0, 0, 0, 1]
    assert found.item_numbers.tolist() == [0, 0, 0, 1, 1]
    assert found.until == T0 + timedelta(days=3, microseconds=1)


def test_matrices() -> None:
    found = Interactions.of(ROWS.assign(value=[5.0, 1.0, 3.0, 2.0, None]))
    assert found.csr().toarray().tolist() == [[3, 1], [0, 1]]
    assert found.csr("binary").toarray().tolist() == [[1, 1], [0, 1]]
    assert found.csr("value").toarray().tolist() == [[1.5, 3], [0, 5]]
    with pytest.raises(ValueError, match="no row has a value"):
        Interactions.of(ROWS).csr("value")


def test_before_is_strict_and_forgets_ids() -> None:
    known = Interactions.of(ROWS).before(T0 + timedelta(days=2))
    assert known.customers.ids.tolist() == ["a"]
    assert known.items.ids.tolist() == ["x"]
    assert len(known) == 1
    assert known.until == T0 + timedelta(days=2)
    fresh = Interactions.of(known.frame, until=known.until)
    assert fresh.customer_numbers.tolist() == known.customer_numbers.tolist()


def test_what_became_known_late_is_not_known_before() -> None:
    late = ROWS.assign(available_at=ROWS["occurred_at"] + pd.Timedelta(days=10))
    assert len(Interactions.of(late).before(T0 + timedelta(days=5))) == 0
    planned = ROWS.assign(available_at=pd.Timestamp(T0))
    assert len(Interactions.of(planned).before(T0 + timedelta(days=2))) == 1


def test_a_row_of_the_future_is_refused() -> None:
    with pytest.raises(ValueError, match="1 rows were known only at or after"):
        Interactions.of(ROWS, until=T0 + timedelta(days=3))


def test_minimum_support_counts_distinct_customers() -> None:
    kept = Interactions.of(ROWS).filtered(min_customers_per_item=2)
    assert kept.items.ids.tolist() == ["y"]


def test_digest_depends_on_contents_only() -> None:
    shuffled = Interactions.of(ROWS.sample(frac=1, random_state=3))
    assert shuffled.digest == Interactions.of(ROWS).digest
    assert Interactions.of(ROWS[1:]).digest != Interactions.of(ROWS).digest


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"customer_id": None}, "customer_id: 5 rows have none"),
        ({"occurred_at": pd.NaT}, "occurred_at: 5 rows have no time"),
    ],
)
def test_missing_values_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Interactions.of(ROWS.assign(**change))


def test_shape_of_the_frame_is_checked() -> None:
    with pytest.raises(ValueError, match=r"missing columns \['occurred_at'\]"):
        Interactions.of(ROWS.drop(columns="occurred_at"))
    good = Interactions.of(ROWS)
    with pytest.raises(ValueError, match=r"missing columns \['value'\]"):
        Interactions(good.frame.drop(columns="value"), good.customers, good.items, good.until)
    naive = good.frame.assign(occurred_at=good.frame["occurred_at"].dt.tz_localize(None))
    with pytest.raises(ValueError, match="expected datetime64"):
        Interactions(naive, good.customers, good.items, good.until)
    with pytest.raises(ValueError, match="with a zone"):
        Interactions(good.frame, good.customers, good.items, datetime(2025, 1, 1))  # noqa: DTZ001
    with pytest.raises(KeyError, match="'y'"):
        Interactions.of(ROWS, items=IdMap.of(["x"]))


def test_no_rows_are_no_error() -> None:
    empty = Interactions.of(ROWS[:0])
    assert len(empty) == 0
    assert empty.csr().shape == (0, 0)


def stored(tmp_path: Path, *, fold: str | None = None) -> Store:
    store = Store(tmp_path)
    schema = canonical("events").schema
    rows = [
        dict.fromkeys(schema.names)
        | {
            "event_id": f"e{i}",
            "source": "test" if i else "other",
            "customer_id": f"c{i % 2}",
            "kind": "view" if i == 3 else "purchase",
            "item_id": None if i == 4 else f"i{i}",
            "value": float(i),
            "quantity": 1.0,
            "occurred_at": T0 + timedelta(days=i),
            "available_at": T0 + timedelta(days=i),
            "attributes": json.dumps({"fold": fold}) if fold else None,
        }
        for i in range(6)
    ]
    store.add("events", pa.Table.from_pylist(rows, schema=schema))
    return store


def test_reading_events_of_a_store(tmp_path: Path) -> None:
    store = stored(tmp_path)
    assert Interactions.from_store(store, kinds=["purchase"]).items.ids.tolist() == [
        "i0", "i1", "i2", "i5",
    ]  # fmt: skip
    some = Interactions.from_store(
        store, kinds=["purchase", "view"], before=T0 + timedelta(days=3), sources=["test"]
    )
    assert some.items.ids.tolist() == ["i1", "i2"]
    assert some.until == T0 + timedelta(days=3)
    assert "fold" not in some.frame
    with pytest.raises(
        ValueError, match=r"no events of kind \['rate'\] in .*, which holds purchase"
    ):
        Interactions.from_store(store, kinds=["rate"])


def test_published_folds_are_read(tmp_path: Path) -> None:
    found = Interactions.from_store(stored(tmp_path, fold="test"), kinds=["purchase"])
    assert set(found.frame["fold"]) == {"test"}
