"""Small canonical tables made for tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from ingest.schemas import canonical
from ingest.sources.base import RawBatch, SourceError

START = datetime(2024, 1, 1, tzinfo=UTC)


def table(name: str, rows: Sequence[dict[str, object]]) -> pa.Table:
    """Return rows of a canonical table; columns left out are missing."""
    schema = canonical(name).schema
    filled = [{column: row.get(column) for column in schema.names} for row in rows]
    return pa.Table.from_pylist(filled, schema=schema)


def event(number: int, **changes: object) -> dict[str, object]:
    """Return the event with this number."""
    at = START + timedelta(minutes=number)
    row: dict[str, object] = {
        "event_id": f"e{number}",
        "source": "test",
        "customer_id": f"c{number % 7}",
        "kind": "purchase",
        "item_id": f"i{number % 5}",
        "value": 2.5,
        "quantity": 1.0,
        "price": 2.5,
        "occurred_at": at,
        "available_at": at,
    }
    return row | changes


def events(start: int, stop: int) -> pa.Table:
    """Return the events with numbers ``start`` to ``stop - 1``."""
    return table("events", [event(number) for number in range(start, stop)])


@dataclass
class Listed:
    """A source that yields the batches it was given, then perhaps fails."""

    made: list[RawBatch] = field(default_factory=list)
    failure: str | None = None
    name: str = "listed"

    def batches(self) -> Iterator[RawBatch]:
        yield from self.made
        if self.failure:
            raise SourceError(self.failure)
