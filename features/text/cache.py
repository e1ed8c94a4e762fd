"""Results kept by content: a text that was analyzed once is never analyzed again.

One SQLite file holds a table for every analyzer. A row's key is the text's content hash and the
number of the analyzer's version; the text itself is not stored. A batch is one transaction, so a
process killed at any moment leaves whole batches behind and the next run goes on from there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from features.text.base import Analyzer, content_hash
from features.text.codec import decode_column, encode_column
from ingest import sqlite

_ASK = 500  # hashes in one query
_LAYOUT = 2  # a file of another layout is emptied: what it held is computed again
_PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON", "busy_timeout=30000")
_VERSIONS = "analyzer versions"  # no analyzer has a space in its name
Hashes = Sequence[bytes]


@contextmanager
def open_cache(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the cache file for a while, creating it and its folder where needed.

    Raises
    ------
    ValueError
        If the file exists and is not an SQLite database.
    """
    todo = "delete it, its content will be computed again"
    with sqlite.opened(path, _PRAGMAS, _lay_out, name="text cache", todo=todo) as connection:
        yield connection


def _lay_out(connection: sqlite3.Connection) -> None:
    (layout,) = connection.execute("PRAGMA user_version").fetchone()
    if layout != _LAYOUT:
        for name in _tables(connection):
            connection.execute(f'DROP TABLE "{name}"')
        connection.execute(f"PRAGMA user_version = {_LAYOUT}")
    connection.execute(
        f'CREATE TABLE IF NOT EXISTS "{_VERSIONS}" '
        "(number INTEGER PRIMARY KEY, analyzer TEXT, version TEXT, UNIQUE (analyzer, version))"
    )


def _tables(connection: sqlite3.Connection) -> list[str]:
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return [name for (name,) in found if not name.startswith("sqlite_")]


class Cached:
    """An analyzer that remembers; itself an :class:`~features.text.base.Analyzer`.

    Parameters
    ----------
    analyzer : Analyzer
        Asked only for texts that its current version has not seen.
    connection : sqlite3.Connection
        An open cache, from :func:`open_cache`.

    Attributes
    ----------
    analyzed : int
        Texts that the analyzer was really asked about.
    """

    def __init__(self, analyzer: Analyzer, connection: sqlite3.Connection) -> None:
        self._analyzer = analyzer
        self._connection = connection
        self.analyzed = 0
        self._columns = ", ".join(f'"{name}"' for name in analyzer.schema.names)
        connection.execute(
            f'CREATE TABLE IF NOT EXISTS "{self.name}" '
            f"(hash BLOB, version INTEGER, {self._columns}, PRIMARY KEY (hash, version))"
        )
        mine = (self.name, self.version)
        connection.execute(
            f'INSERT OR IGNORE INTO "{_VERSIONS}" (analyzer, version) VALUES (?, ?)',  # noqa: S608 (a constant)
            mine,
        )
        query = f'SELECT number FROM "{_VERSIONS}" WHERE analyzer = ? AND version = ?'  # noqa: S608 (a constant)
        (self._number,) = connection.execute(query, mine).fetchone()

    @property
    def name(self) -> str:
        """Name of the analyzer inside."""
        return self._analyzer.name

    @property
    def version(self) -> str:
        """Version of the analyzer inside."""
        return self._analyzer.version

    @property
    def schema(self) -> pa.Schema:
        """Columns of the analyzer inside."""
        return self._analyzer.schema

    def analyze(self, texts: Sequence[str]) -> pa.Table:
        """Return one row a text, from the cache where it holds the text."""
        hashes = [content_hash(text) for text in texts]
        rows, known = self.read(hashes)
        missing = {key: text for key, text in zip(hashes, texts, strict=True) if key not in known}
        if missing:
            new = self._analyzer.analyze(list(missing.values()))
            self.write(list(missing), new)
            known |= {key: rows.num_rows + place for place, key in enumerate(missing)}
            rows = pa.concat_tables([rows, new])
        return rows.take(pa.array([known[key] for key in hashes], pa.int64()))

    def missing(self, texts: Sequence[str]) -> list[str]:
        """Return the distinct texts that the cache does not hold, in order of first occurrence."""
        by_hash = {content_hash(text): text for text in texts}
        known = {row[0] for row in self._select("hash", list(by_hash))}
        return [text for key, text in by_hash.items() if key not in known]

    def read(self, hashes: Hashes) -> tuple[pa.Table, dict[bytes, int]]:
        """Return what is known of these texts.

        Returns
        -------
        tuple
            Rows of the analyzer's schema, and the place among them of every hash that is known.
        """
        found = list(self._select(f"hash, {self._columns}", list(dict.fromkeys(hashes))))
        values = list(zip(*found, strict=True)) or [()] * (1 + len(self.schema))
        columns = [decode_column(v, f.type) for v, f in zip(values[1:], self.schema, strict=True)]
        known = {key: place for place, key in enumerate(values[0])}
        return pa.Table.from_arrays(columns, schema=self.schema), known

    def write(self, hashes: Hashes, rows: pa.Table) -> None:
        """Keep the rows of these texts, all or none of them."""
        columns = [encode_column(rows[name]) for name in self.schema.names]
        marks = ",".join("?" * (2 + len(columns)))
        query = f'INSERT OR REPLACE INTO "{self.name}" VALUES ({marks})'  # noqa: S608 (as below)
        with transaction(self._connection):
            self._connection.executemany(
                query, zip(hashes, [self._number] * len(hashes), *columns, strict=True)
            )
        self.analyzed += len(hashes)

    def _select(self, columns: str, hashes: Hashes) -> Iterator[tuple[Any, ...]]:
        for start in range(0, len(hashes), _ASK):
            part = hashes[start : start + _ASK]
            marks = ",".join("?" * len(part))
            query = f'SELECT {columns} FROM "{self.name}" WHERE version = ? AND hash IN ({marks})'  # noqa: S608 (names are the analyzer's own)
            yield from self._connection.execute(query, (self._number, *part))


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Make what is done inside happen wholly or not at all."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def prune(connection: sqlite3.Connection, keep: Iterable[bytes]) -> int:
    """Forget every text that is not in ``keep``, so that erasing a row erases what it taught.

    Returns
    -------
    int
        Rows deleted, over all analyzers and versions.
    """
    deleted = 0
    with transaction(connection):
        connection.execute("CREATE TEMP TABLE keep (hash BLOB PRIMARY KEY)")
        connection.executemany("INSERT OR IGNORE INTO keep VALUES (?)", ((key,) for key in keep))
        for name in _tables(connection):
            if name != _VERSIONS:
                query = f'DELETE FROM "{name}" WHERE hash NOT IN (SELECT hash FROM keep)'  # noqa: S608 (from the schema)
                deleted += connection.execute(query).rowcount
        connection.execute("DROP TABLE keep")
    return deleted
