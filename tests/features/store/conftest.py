"""A workspace with two snapshots of made-up feature rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from features.store.files import join_parts, write_part
from features.store.schema import NUMBER, NUMBERS, TABLES, TEXT, VECTOR_LENGTH
from ingest.workspace import Workspace

EARLY = datetime(2020, 1, 1, tzinfo=UTC)
LATE = datetime(2020, 1, 31, tzinfo=UTC)


def _value(column: str, kind: pa.DataType, number: float, missing: bool) -> Any:
    if missing and column not in ("texts", "stage", "purchases", "text_count"):
        return None
    if kind == NUMBER:
        return number
    if kind == TEXT:
        return f"{column} {number:g}"
    if kind == NUMBERS:
        width = VECTOR_LENGTH if column.endswith("vector") else 3
        return np.full(width, number, dtype=np.float32)
    return [f"{column} {number:g}", "also"]


def feature_rows(table: str, as_of: datetime, numbers: dict[str, float | None]) -> pa.Table:
    """Rows whose every value tells their number; a number of None makes missing values."""
    declared = TABLES[table]
    columns: dict[str, Any] = {
        declared.key: list(numbers),
        "event_timestamp": [as_of] * len(numbers),
    }
    for column, kind in declared.columns.items():
        columns[column] = [_value(column, kind, n or 0.0, n is None) for n in numbers.values()]
    return pa.table(columns, schema=declared.schema)


def fill(workspace: Workspace, snapshots: dict[datetime, dict[str, float | None]]) -> None:
    """Write the same made-up rows to all four tables: ids ``c..`` are customers and items."""
    for as_of, numbers in snapshots.items():
        for table in TABLES:
            write_part(workspace, table, as_of, feature_rows(table, as_of, numbers))
    join_parts(workspace, list(snapshots))


@pytest.fixture(scope="session")
def made_rows() -> Callable[..., pa.Table]:
    return feature_rows


@pytest.fixture(scope="session")
def filled() -> Callable[..., None]:
    return fill


@pytest.fixture(scope="session")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Applied and materialized: ``c1`` known early and late, ``c2`` late only, ``c3`` empty."""
    from features.store.materialize import materialize
    from features.store.registry import apply

    workspace = Workspace(Path(tmp_path_factory.mktemp("applied")) / "shop")
    fill(workspace, {EARLY: {"c1": 1.0}, LATE: {"c1": 10.0, "c2": 20.0, "c3": None}})
    store = apply(workspace)
    materialize(workspace, LATE, store=store)
    return workspace
