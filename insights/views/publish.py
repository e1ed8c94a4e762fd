"""Put views where BI tools read them: a file appears whole, by a rename, or stays as it was."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock

from insights.views.dictionary import VIEWS

DATABASE = "views.duckdb"


def publish(found: Mapping[str, pa.Table], folder: Path, formats: tuple[str, ...]) -> list[Path]:
    """Write views into a folder, and return the files.

    Parameters
    ----------
    found : mapping of str to pyarrow.Table
        Rows by view.
    folder : Path
        Where; who has a file open goes on reading it. By its name pyarrow opens a Parquet file
        twice in one read, and may meet the former file and the new one.
    formats : tuple of str
        ``parquet`` for a file a view, ``duckdb`` for one database of all of them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with FileLock(folder / ".lock"):
        if "parquet" in formats:
            for name, rows in found.items():
                written.append(folder / f"{name}.parquet")
                with _replacing(written[-1]) as draft:
                    pq.write_table(_described(name, rows), draft)
        if "duckdb" in formats:
            written.append(folder / DATABASE)
            with _replacing(written[-1]) as draft:
                _write_database(found, draft)
    return written


@contextmanager
def _replacing(file: Path) -> Iterator[Path]:
    """Give a file beside another to write, which then takes its place, or is removed on errors."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    try:
        yield draft
        with draft.open("rb") as whole:
            os.fsync(whole.fileno())
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


def _described(name: str, rows: pa.Table) -> pa.Table:
    """Return the rows with what each column is in the metadata of the file."""
    told = [
        field.with_metadata({"description": column.about})
        for field, column in zip(rows.schema, VIEWS[name].columns, strict=True)
    ]
    return rows.cast(pa.schema(told, {"description": VIEWS[name].about}))


def _write_database(found: Mapping[str, pa.Table], draft: Path) -> None:
    with duckdb.connect(str(draft)) as database:
        for name, rows in found.items():
            view = VIEWS[name]
            database.register("rows_of_view", rows)
            database.execute(f'CREATE TABLE "{name}" AS SELECT * FROM rows_of_view')  # noqa: S608
            database.unregister("rows_of_view")
            database.execute(f'COMMENT ON TABLE "{name}" IS {_quoted(view.about)}')
            for column in view.columns:
                place = f'"{name}"."{column.name}"'
                database.execute(f"COMMENT ON COLUMN {place} IS {_quoted(column.about)}")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
