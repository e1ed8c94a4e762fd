"""Columnar sources: one SQL statement over Parquet files becomes a stream of canonical batches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa

from ingest.sources.base import RawBatch, SourceError


def open_views(files: dict[str, Path], *, memory: str = "2GB") -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB whose views are the given Parquet files.

    Parameters
    ----------
    files : dict of str to Path
        View name to Parquet file.
    memory : str
        DuckDB's memory limit; what does not fit goes to its temporary folder.

    Raises
    ------
    SourceError
        If a file is missing or is not Parquet.
    """
    connection = duckdb.connect(":memory:")
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"SET memory_limit = '{memory}'")
    for name, path in files.items():
        if not path.is_file():
            raise SourceError(
                f"{path}: file not found. Expected the Parquet file of {name!r}; check the folder"
            )
        try:
            connection.read_parquet(str(path), file_row_number=True).create_view(name)
        except duckdb.Error as error:
            raise SourceError(
                f"{path}: expected a Parquet file for {name!r}, received something else ({error}). "
                "Download or copy the file again"
            ) from error
    return connection


def stream(
    connection: duckdb.DuckDBPyConnection, sql: str, *, table: str, file: str, batch_rows: int
) -> Iterator[RawBatch]:
    """Run one statement and yield its rows as batches of ``batch_rows`` for ``table``.

    Raises
    ------
    SourceError
        If the statement does not fit the files, for example because a column is missing.
    """
    try:
        reader = connection.execute(sql).to_arrow_reader(batch_rows)
        first = 1
        for batch in reader:
            yield RawBatch(table, pa.Table.from_batches([batch]), file, first)
            first += batch.num_rows
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        raise _unreadable(file, table, error) from error


def prepare_table(
    connection: duckdb.DuckDBPyConnection, sql: str, *, table: str, file: str
) -> None:
    """Run one statement that later statements of the same source read from.

    Raises
    ------
    SourceError
        If the statement does not fit the files.
    """
    try:
        connection.execute(sql)
    except duckdb.Error as error:
        raise _unreadable(file, table, error) from error


def _unreadable(file: str, table: str, error: Exception) -> SourceError:
    return SourceError(
        f"{file}: cannot be read as {table!r}: {error}. "
        "Check that the file is complete and is the published one"
    )
