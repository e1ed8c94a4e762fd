"""One embedded DuckDB a process for conversions of whole columns; callers get a session each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from tempfile import TemporaryDirectory

import duckdb

_THREADS = 2


@cache
def _database() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": _THREADS})


def session() -> duckdb.DuckDBPyConnection:
    """Return a session of its own: settings and registered tables are seen by nobody else."""
    return _database().cursor()


@contextmanager
def sorting(memory: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database of its own that sorts in so much memory, such as "256MB", then on disk."""
    with (
        TemporaryDirectory(prefix="huaxiang-") as folder,
        duckdb.connect(
            config={"threads": _THREADS, "memory_limit": memory, "temp_directory": folder}
        ) as database,
    ):
        yield database
