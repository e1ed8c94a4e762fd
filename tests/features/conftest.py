"""Small workspaces whose features are known by construction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from ingest.schemas import TABLES
from ingest.store import Store
from ingest.workspace import Workspace

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)

Rows = list[dict[str, Any]]


def day(number: float, hour: float = 0.0) -> datetime:
    """``number`` days after noon of 2024-03-01."""
    return NOON + timedelta(days=number, hours=hour)


def event(customer: str, item: str | None, at: datetime, **more: Any) -> dict[str, Any]:
    """A purchase, unless told otherwise; known when it happened."""
    row = {"customer_id": customer, "item_id": item, "kind": "purchase", "occurred_at": at}
    return {**row, "available_at": at, **more}


def add(store: Store, table: str, rows: Rows) -> None:
    """Store rows given as dicts; what is left out is null, keys are numbered."""
    spec = TABLES[table]
    start = store.dataset(table).count_rows()
    filled = []
    for number, row in enumerate(rows, start):
        whole = dict.fromkeys(spec.schema.names)
        filled.append({**whole, spec.key: f"{table}-{number}", "source": "test", **row})
    store.add(table, pa.Table.from_pylist(filled, schema=spec.schema))


@pytest.fixture
def make_workspace(tmp_path: Path) -> Callable[..., Workspace]:
    """Return a function that loads tables, given as lists of dicts, into a new workspace."""

    def make(**tables: Rows) -> Workspace:
        workspace = Workspace(tmp_path / "shop")
        store = Store(workspace.store)
        for name, rows in tables.items():
            add(store, name, rows)
        return workspace

    return make


@pytest.fixture(scope="session")
def when() -> Callable[..., datetime]:
    return day


@pytest.fixture(scope="session")
def bought() -> Callable[..., dict[str, Any]]:
    return event


@pytest.fixture(scope="session")
def load() -> Callable[[Store, str, Rows], None]:
    return add
