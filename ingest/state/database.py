"""The application state of a workspace, wherever it is kept: transactions and turns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache

from filelock import FileLock
from sqlalchemy import Connection, MetaData

from ingest.state.dialects import PostgresSchema, SqliteFile
from ingest.state.place import checked_mark, new_mark, write_mark
from ingest.workspace import Workspace


class StateDatabase:
    """State of one workspace, in its file or on the server that ``state.url`` names.

    Parameters
    ----------
    workspace : Workspace
        Whose.
    tables : MetaData
        Tables of whoever asks, created where they are missing. Integers beyond 32 bits are
        ``BigInteger``, texts :class:`ingest.state.columns.Words`: both databases hold the same.

    Examples
    --------
    >>> database = StateDatabase(Workspace.named("shop"), tables)  # doctest: +SKIP
    >>> with database.changing() as connection:  # doctest: +SKIP
    ...     connection.execute(update(judged).values(until=0))
    """

    def __init__(self, workspace: Workspace, tables: MetaData) -> None:
        self._workspace, self._tables = workspace, tables

    def exists(self) -> bool:
        """Say whether anything is kept yet; looking creates nothing."""
        return checked_mark(self._workspace) is not None or self._workspace.state_file.exists()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that sees one moment and changes nothing."""
        with self._kept().transaction(writing=False) as connection:
            yield connection

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """Open the one transaction that may write now: all of it is kept, or nothing."""
        with self._kept().transaction(writing=True) as connection:
            yield connection

    def turn(self, name: str) -> AbstractContextManager[None]:
        """Be the only process that does something of this name to this workspace."""
        return self._kept().turn(name)

    def _kept(self) -> SqliteFile | PostgresSchema:
        url = self._workspace.state
        mark = checked_mark(self._workspace)
        if url is None:
            return SqliteFile(self._workspace.state_file, self._tables)
        if mark is None:
            self._begin(url)
            mark = checked_mark(self._workspace)
            assert mark is not None  # noqa: S101 (it was written)
        return _schema(url, mark.schema, self._tables)

    @property
    def schema(self) -> PostgresSchema | None:
        """The schema that keeps the state, None where a file does or nothing is kept yet."""
        mark = checked_mark(self._workspace)
        if mark is None or self._workspace.state is None:
            return None
        return _schema(self._workspace.state, mark.schema, self._tables)

    def _begin(self, url: str) -> None:
        """Make the schema of a workspace that has none; of several who come at once one does."""
        self._workspace.root.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{self._workspace.state_mark}.lock"):
            if checked_mark(self._workspace) is None:
                mark = new_mark(self._workspace, url)
                _schema(url, mark.schema, self._tables).create()
                write_mark(self._workspace, mark)


@lru_cache(maxsize=64)
def _schema(url: str, schema: str, tables: MetaData) -> PostgresSchema:
    """Return a schema, whose tables are laid out once a process."""
    return PostgresSchema(url, schema, tables)
