"""What differs between SQLite and PostgreSQL; the rest of application state knows SQLAlchemy only.

SQLite: a write-ahead log, one writer at a time by ``BEGIN IMMEDIATE``, turns by a lock file.
PostgreSQL: a schema a workspace, one writer a schema at a time and turns by advisory locks.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from filelock import FileLock
from sqlalchemy import (
    Connection,
    Engine,
    MetaData,
    NullPool,
    create_engine,
    event,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, OperationalError

from ingest import sqlite
from ingest.state.statements import create_missing, ddl
from ingest.state.url import shown

PATIENCE = 30  # seconds that a writer waits for another
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    f"busy_timeout={PATIENCE * 1000}",
    "foreign_keys=ON",
)
_TODO = "restore it from a backup, or move it away to begin anew"
_SCHEMA = text("SELECT to_regnamespace(quote_ident(:schema)) IS NOT NULL")
_WRITER = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
_TURN = text("SELECT pg_advisory_lock(hashtextextended(:name, 0))")


class SqliteFile:
    """State in one file.

    Parameters
    ----------
    file : Path
        Created with its folder where needed.
    tables : MetaData
        Created where they are missing.
    """

    def __init__(self, file: Path, tables: MetaData) -> None:
        self.file = file
        self._tables = tables

    @contextmanager
    def transaction(self, *, writing: bool) -> Iterator[Connection]:
        """Open the file for one transaction.

        Raises
        ------
        ValueError
            If the file exists and is not an SQLite database.
        """
        engine = _sqlite_engine(self.file, self._tables).execution_options(writing=writing)
        with engine.begin() as connection:
            yield connection

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """Be the only process that does something of this name, waiting for others."""
        with FileLock(self.file.with_name(f"{name}.lock")):
            yield


class PostgresSchema:
    """State in one schema of a database.

    Parameters
    ----------
    url : str
        Of the database.
    schema : str
        Holds the state of one workspace and nothing else.
    tables : MetaData
        Created where they are missing.
    """

    def __init__(self, url: str, schema: str, tables: MetaData) -> None:
        self.url, self.schema = url, schema
        self._tables = tables
        self._is_prepared = False

    def create(self) -> None:
        """Create the schema."""
        with self._connected() as connection, connection.begin():
            connection.execute(text(f"CREATE SCHEMA {_quoted(self.schema)}"))

    def drop(self) -> None:
        """Remove the schema with all it holds."""
        with self._connected() as connection, connection.begin():
            connection.execute(text(f"DROP SCHEMA IF EXISTS {_quoted(self.schema)} CASCADE"))

    @contextmanager
    def transaction(self, *, writing: bool) -> Iterator[Connection]:
        """Open the schema for one transaction; one that reads sees one moment.

        Raises
        ------
        ConnectionError
            If the server does not answer, refuses or stops.
        ValueError
            If the database has no such schema.
        """
        with self._connected() as connection:
            if not self._is_prepared:
                self._prepare(connection)
                self._is_prepared = True
            if not writing:
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                self._enter(connection)
                if writing:
                    connection.execute(_WRITER, {"name": self.schema})
                yield connection

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """Be the only process that does something of this name, waiting for others.

        The server takes the turn back when the connection ends, as it does with a killed process.
        """
        with self._connected() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(_TURN, {"name": f"{self.schema}.{name}"})
            yield

    def _prepare(self, connection: Connection) -> None:
        with connection.begin():
            if not connection.execute(_SCHEMA, {"schema": self.schema}).scalar_one():
                raise ValueError(
                    f"{shown(self.url)}: expected the schema {self.schema!r}, which keeps this "
                    "workspace's state, found none; give the URL of the database that has it"
                )
            self._enter(connection)
            connection.execute(_WRITER, {"name": self.schema})
            create_missing(connection, self._tables)

    def _enter(self, connection: Connection) -> None:
        connection.execute(text(f"SET LOCAL search_path TO {_quoted(self.schema)}"))
        connection.execute(text(f"SET LOCAL lock_timeout TO '{PATIENCE}s'"))

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            connection = _postgres_engine(self.url).connect()
        except OperationalError as error:
            raise self._gone(error, "lets us in") from None
        with connection:
            try:
                yield connection
            except OperationalError as error:
                if error.connection_invalidated:
                    raise self._gone(error, "stays; nothing was kept") from error
                raise

    def _gone(self, error: OperationalError, expected: str) -> ConnectionError:
        told = str(error.orig).strip().splitlines()[0]
        return ConnectionError(
            f"state at {shown(self.url)}: expected a PostgreSQL server that {expected}, but "
            f"{told}; start it, or correct state.url or the environment"
        )


def _quoted(name: str) -> str:
    return postgresql.dialect().identifier_preparer.quote_identifier(name)


@lru_cache(maxsize=64)  # an engine holds no connection; it remembers compiled statements
def _sqlite_engine(file: Path, tables: MetaData) -> Engine:
    script = ";\n".join(ddl(tables, sqlite_dialect.dialect()))

    def connect() -> sqlite3.Connection:
        def lay_out(connection: sqlite3.Connection) -> None:
            connection.executescript(script)

        return sqlite.connected(file, _PRAGMAS, lay_out, name="application state", todo=_TODO)

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:  # the driver is told not to begin by itself
        writing = connection.get_execution_options().get("writing")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


@lru_cache(maxsize=64)
def _postgres_engine(url: str) -> Engine:
    try:
        where = make_url(url).set(drivername="postgresql+psycopg")
    except ArgumentError:
        raise ValueError(f"state.url: expected a database URL, received {shown(url)!r}") from None
    told = {"connect_timeout": 10, "application_name": "huaxiang"}
    told = {name: value for name, value in told.items() if name not in where.query}
    try:
        return create_engine(where, connect_args=told, poolclass=NullPool)
    except ModuleNotFoundError as error:
        raise ValueError(
            f"state.url={shown(url)}: expected the driver of PostgreSQL, but {error}; "
            "pip install 'huaxiang[postgres]'"
        ) from error
