"""A workspace with one customer whose card is counted by hand; its rows are written here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from features.text.entities.table import ENTITIES
from features.text.facts.table import write_facts
from features.text.pipeline.collect import collect
from ingest.schemas import canonical
from ingest.store import Store
from ingest.workspace import Workspace

NOW = datetime(2026, 3, 31, tzinfo=UTC)
TEXT = "我在上海做财务,电话13812345678"


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def store_of(root: Path) -> Store:
    return Store(Workspace.named("shop", root).store)


def add(root: Path, table: str, *rows: dict[str, Any]) -> None:
    """Store rows; what they leave out is missing, or the same for all."""
    schema = canonical(table).schema
    usual: dict[str, Any] = {"source": "test", "customer_id": "c1"}
    if table == "messages":
        usual |= {"sender_role": "customer", "kind": "text", "recalled": False, "private": False}
    known = [{name: (usual | row).get(name) for name in schema.names} for row in rows]
    for row in known:
        if "available_at" in row and row["available_at"] is None:
            row["available_at"] = row["occurred_at"]
    store_of(root).add(table, pa.Table.from_pylist(known, schema=schema))


def event(number: int, kind: str, days: float, **more: Any) -> dict[str, Any]:
    return {"event_id": f"e{number}", "kind": kind, "occurred_at": days_ago(days), **more}


def added(agent: str, days: float, **told: Any) -> dict[str, Any]:
    """Return the event that an agent and the customer became contacts."""
    about = json.dumps(told) if told else None
    key = f"{agent}-{days}"
    return event(0, "contact_added", days, agent_id=agent, attributes=about) | {"event_id": key}


def fact(key: str, field: str, value: str, days: float, **more: Any) -> dict[str, Any]:
    """Return a statement; one that was extracted unless told otherwise."""
    told = {"fact_id": key, "field": field, "value": value, "recorded_at": days_ago(days)}
    return {"authority": "extracted", "confidence": 0.85, "author": "analyzer"} | told | more


def chat(name: str, days: float, minutes: Sequence[float], text: str = "hello") -> list[Any]:
    """Return one conversation: a message of the customer at each of so many minutes."""
    begun = days_ago(days)
    return [
        {
            "message_id": f"{name}-{place}",
            "conversation_id": name,
            "text": text,
            "channel": "web",
            "occurred_at": begun + timedelta(minutes=minute),
        }
        for place, minute in enumerate(minutes)
    ]


def review(root: Path, text: str) -> None:
    """Store what the customer wrote two days ago, and what it says of them."""
    told = {"feedback_id": "r1", "kind": "review", "text": text, "occurred_at": days_ago(2)}
    add(root, "feedback", told)
    write_facts(store_of(root), [collect(store_of(root))])


def mention(root: Path, *named: tuple[str, str, str]) -> None:
    """Write which message of whom names which items, as text analysis would."""
    rows = [
        {"text_id": text, "customer_id": who, "kind": "product", "value": items}
        for text, who, items in named
    ]
    file = Workspace.named("shop", root).features / "text" / "entities.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=ENTITIES), file)


def catalog(root: Path, **categories: str | None) -> None:
    add(root, "items", *({"item_id": i, "category": of} for i, of in categories.items()))
