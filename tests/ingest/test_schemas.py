from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from ingest.schemas import TABLES, canonical
from tests.ingest.samples import event, table

KEYS = {
    "customers": "customer_id",
    "items": "item_id",
    "events": "event_id",
    "feedback": "feedback_id",
    "messages": "message_id",
    "facts": "fact_id",
    "labels": "label_id",
    "identities": "identity_id",
}


def test_eight_tables_with_their_keys() -> None:
    assert {name: table.key for name, table in TABLES.items()} == KEYS


@pytest.mark.parametrize("name", KEYS)
def test_the_arrow_schema_follows_the_declaration(name: str) -> None:
    spec = canonical(name)
    assert spec.schema.names == list(spec.contract.columns)
    assert not spec.schema.field(spec.key).nullable
    assert not spec.schema.field("source").nullable
    for field in spec.schema:
        assert field.nullable == spec.contract.columns[field.name].nullable
        if pa.types.is_timestamp(field.type):
            assert field.type == pa.timestamp("us", tz="UTC")


def test_an_unknown_table_is_told_with_those_there_are() -> None:
    with pytest.raises(KeyError, match=r"'orders'.*customers, items, events"):
        canonical("orders")


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("event_id", "", "text that is not empty"),
        ("event_id", "  ", "text that is not empty"),
        ("customer_id", None, "a value"),
        ("kind", "Purchase", "lower_snake"),
        ("value", float("nan"), "finite"),
        ("value", float("inf"), "finite"),
        ("quantity", -1.0, ">= 0"),
        ("price", -0.01, ">= 0"),
        ("occurred_at", datetime(1800, 1, 1, tzinfo=UTC), "between 1900 and 2200"),
        ("attributes", "{not json", "JSON"),
    ],
)
def test_a_broken_contract_names_column_expectation_and_rows(
    column: str, value: object, expected: str
) -> None:
    nullable = pa.schema(f.with_nullable(True) for f in canonical("events").schema)
    names = nullable.names
    rows = [{name: event(n).get(name) for name in names} for n in range(3)]
    rows[1][column] = value
    (violation,) = canonical("events").violations(pa.Table.from_pylist(rows, schema=nullable))
    assert violation.column == column
    assert expected in violation.expected
    assert violation.bad.to_pylist() == [False, True, False]


@pytest.mark.parametrize(
    ("name", "row", "column"),
    [
        ("feedback", {"rating": 9.0}, "rating"),
        ("feedback", {"kind": "poem"}, "kind"),
        ("messages", {"sender_role": "boss"}, "sender_role"),
        ("facts", {"authority": "gossip"}, "authority"),
        ("facts", {"confidence": 1.5}, "confidence"),
        ("labels", {"source": "guessed"}, "source"),
        ("labels", {"taxonomy": "service_intent"}, "taxonomy"),
        ("labels", {"label": "refnd"}, "label"),
    ],
)
def test_each_table_checks_its_own_columns(name: str, row: dict[str, object], column: str) -> None:
    at = datetime(2024, 1, 1, tzinfo=UTC)
    good: dict[str, object] = {
        "source": "api" if name == "labels" else "t", "text": "fine",
        "taxonomy": "service_intents", "label": "refund_request",
        "annotator": "ann", "at": at, "customer_id": "c", "field": "city", "value": "Bonn",
        "authority": "manual", "conversation_id": "v", "sender_role": "customer",
        "kind": "review" if name == "feedback" else "text", "recalled": False, "private": False,
        "occurred_at": at, "available_at": at, "recorded_at": at, KEYS[name]: "k",
    }  # fmt: skip
    assert canonical(name).violations(table(name, [good])) == []
    assert [v.column for v in canonical(name).violations(table(name, [good | row]))] == [column]


def test_pandera_agrees_with_the_masks() -> None:
    spec = canonical("events")
    good = table("events", [event(n, price=None, attributes='{"a": 1}') for n in range(5)])
    assert spec.violations(good) == []
    spec.contract.validate(good.to_pandas(types_mapper=pd.ArrowDtype))


def test_missing_values_break_no_check_of_a_nullable_column() -> None:
    rows = table("feedback", [
        {"feedback_id": "f", "source": "t", "kind": "review", "text": "ok",
         "occurred_at": datetime(2024, 1, 1, tzinfo=UTC),
         "available_at": datetime(2024, 1, 1, tzinfo=UTC)},
    ])  # fmt: skip
    assert pc.all(pc.is_null(rows["rating"])).as_py()
    assert canonical("feedback").violations(rows) == []
