"""Statements that SQLite and PostgreSQL spell or need differently."""

from __future__ import annotations

from sqlalchemy import Connection, Dialect, MetaData, Table, func, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

_GO_ON = text("SELECT setval(pg_get_serial_sequence(quote_ident(:table), :key), :last)")

Insert = sqlite.Insert | postgresql.Insert


def insert(connection: Connection, table: Table) -> Insert:
    """Return an insertion that can be told what to do about rows that are there."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def create_missing(connection: Connection, tables: MetaData) -> None:
    """Create the tables and indexes that are missing."""
    for statement in ddl(tables, connection.dialect):
        connection.execute(text(statement))


def count_on(connection: Connection, table: Table) -> None:
    """Go on counting after the greatest number of a table, whose rows were copied with theirs."""
    key = next(iter(table.primary_key), None)
    if connection.dialect.name == "sqlite" or key is None or key is not table.autoincrement_column:
        return  # SQLite does so by itself
    greatest = connection.scalar(select(func.max(key)))
    if greatest is not None:
        connection.execute(_GO_ON, {"table": table.name, "key": key.name, "last": greatest})


def ddl(tables: MetaData, dialect: Dialect) -> list[str]:
    """Return the statements that create what is missing."""
    made: list[CreateTable | CreateIndex] = []
    for table in tables.sorted_tables:
        made.append(CreateTable(table, if_not_exists=True))
        made += [CreateIndex(index, if_not_exists=True) for index in table.indexes]
    return [str(each.compile(dialect=dialect)) for each in made]
