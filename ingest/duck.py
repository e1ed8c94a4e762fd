"""One embedded DuckDB a process for conversions of whole columns; callers get a session each."""

from __future__ import annotations

from functools import cache

import duckdb


@cache
def _database() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 2})


def session() -> duckdb.DuckDBPyConnection:
    """Return a session of its own: settings and registered tables are seen by nobody else."""
    return _database().cursor()
