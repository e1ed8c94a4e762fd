"""Rows made one by one, as a table under canonical column names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import pyarrow as pa

from ingest.schemas import STRING, canonical


def as_table(table: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return rows of a canonical table; columns that no row has are left out.

    Parameters
    ----------
    table : str
        Name of a canonical table.
    rows : sequence of mappings
        Canonical column to value. Text columns take anything: what is no text becomes JSON.
    """
    columns = {}
    for field in canonical(table).schema:
        values = [row.get(field.name) for row in rows]
        if all(value is None for value in values):
            continue
        plain = field.type == STRING or any(isinstance(value, str) for value in values)
        columns[field.name] = pa.array([text(v) for v in values] if plain else values)
    return pa.table(columns)


def text(value: object) -> str | None:
    """Return text as it is, anything else as JSON."""
    if value is None or isinstance(value, str):
        return value
    return dump(value)


def dump(value: object) -> str:
    """Return a value as compact JSON."""
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def filled(**values: object) -> dict[str, object] | None:
    """Return what is there: neither None nor empty; None if nothing is."""
    present = {name: value for name, value in values.items() if value not in (None, "", [], {})}
    return present or None
