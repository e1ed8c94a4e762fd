"""Application state copied whole between a schema of a server and a file, every row counted.

The file is the one that keeps state where there is no server, so that a backup of either comes back
in either. Tables are read from the database itself: whoever adds one need not tell this module.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Double,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    NullPool,
    String,
    Table,
    UniqueConstraint,
    create_engine,
    func,
    insert,
    inspect,
    select,
)
from sqlalchemy.types import TypeEngine

from ingest.state.columns import Words, numbered
from ingest.state.dialects import PostgresSchema, SqliteFile
from ingest.state.statements import count_on, create_missing
from ingest.workspace import Workspace

_ROWS = 1000  # read and written at a time


def dump(schema: PostgresSchema, file: Path, *, still: bool = False) -> dict[str, int]:
    """Write the state of a schema as of one moment into a new file; return rows by table.

    Parameters
    ----------
    schema : PostgresSchema
        What is copied.
    file : Path
        A new SQLite database; the same rows make the same bytes.
    still : bool
        Whether nobody may write until this returns.
    """
    engine = create_engine(f"sqlite:///{file}", poolclass=NullPool)
    with schema.transaction(writing=still) as source, engine.begin() as target:
        return _copied(source, target, schema.schema)


def load(file: Path, schema: PostgresSchema) -> dict[str, int]:
    """Copy a file into a new schema, all of it or nothing; return rows by table.

    Nobody else writes to the file until this returns.

    Raises
    ------
    ValueError
        If the file is not an SQLite database, or holds what state does not.
    """
    with SqliteFile(file, MetaData()).transaction(writing=True) as source:
        schema.create()
        try:
            with schema.transaction(writing=True) as target:
                return _copied(source, target, None)
        except BaseException:
            schema.drop()
            raise


def counted(workspace: Workspace, schema: PostgresSchema | None) -> dict[str, int]:
    """Return the rows of every table of a schema, or of the workspace's file, by table."""
    if schema is not None:
        with schema.transaction(writing=False) as connection:
            return _counts(connection, _portable(connection, schema.schema))
    if not workspace.state_file.exists():
        return {}
    with SqliteFile(workspace.state_file, MetaData()).transaction(writing=False) as connection:
        return _counts(connection, _portable(connection, None))


def _copied(source: Connection, target: Connection, schema: str | None) -> dict[str, int]:
    tables = _portable(source, schema)
    create_missing(target, tables)
    for table in tables.sorted_tables:
        asked = select(table).order_by(*table.primary_key)
        with source.execution_options(yield_per=_ROWS).execute(asked) as rows:
            for part in rows.mappings().partitions():
                target.execute(insert(table), [dict(row) for row in part])
        count_on(target, table)
    before, after = _counts(source, tables), _counts(target, tables)
    if before != after:
        raise ValueError(f"state: expected {before} rows, copied {after}; nothing was changed")
    return after


def _counts(connection: Connection, tables: MetaData) -> dict[str, int]:
    return {
        table.name: connection.scalar(select(func.count()).select_from(table)) or 0
        for table in tables.sorted_tables
    }


def _portable(connection: Connection, schema: str | None) -> MetaData:
    """Return the tables of a database as either keeps them, the schema left to the connection."""
    found, made = MetaData(), MetaData()
    found.reflect(connection, schema=schema, only=inspect(connection).get_table_names(schema))
    for table in found.sorted_tables:
        _remade(table, made)
    return made


def _remade(table: Table, metadata: MetaData) -> None:
    keys = list(table.primary_key)
    counts = len(keys) == 1 and isinstance(keys[0].type, Integer)
    columns = [
        numbered(column.name)
        if counts and column.primary_key
        else Column(
            column.name,
            _kind(column),
            primary_key=column.primary_key,
            nullable=column.nullable,
        )
        for column in table.columns
    ]
    references = [
        ForeignKeyConstraint(
            each.column_keys, [f"{of.column.table.name}.{of.column.name}" for of in each.elements]
        )
        for each in table.foreign_key_constraints
    ]
    unique = [
        UniqueConstraint(*(column.name for column in each.columns))
        for each in table.constraints
        if isinstance(each, UniqueConstraint)
    ]
    indexes = [
        Index(each.name, *(column.name for column in each.columns), unique=each.unique)
        for each in table.indexes
    ]
    Table(table.name, metadata, *columns, *references, *unique, *indexes)


def _kind(column: Column[object]) -> TypeEngine[Any]:
    kinds: dict[type, TypeEngine[Any]]
    kinds = {Integer: BigInteger(), Float: Double(), String: Words()}
    for known, kind in kinds.items():
        if isinstance(column.type, known):
            return kind
    raise ValueError(
        f"state, {column.table.name}.{column.name}: expected whole numbers, numbers or text, found "
        f"{column.type!r}"
    )
