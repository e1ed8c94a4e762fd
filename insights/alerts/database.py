"""The file of a workspace's alerts: one SQLite database, opened for a while.

What happened is only ever added; of an incident the last of its states is kept beside its steps.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest import sqlite
from ingest.workspace import Workspace

_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000", "foreign_keys=ON")
_TABLES = """
CREATE TABLE IF NOT EXISTS judged (rule TEXT PRIMARY KEY, until INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS incidents (
    id TEXT PRIMARY KEY, rule TEXT NOT NULL, whose TEXT NOT NULL, owner TEXT NOT NULL,
    status TEXT NOT NULL, opened_at INTEGER NOT NULL, last_at INTEGER NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS by_rule ON incidents (rule, whose, opened_at);
CREATE TABLE IF NOT EXISTS steps (
    number INTEGER PRIMARY KEY, incident TEXT NOT NULL REFERENCES incidents, at INTEGER NOT NULL,
    step TEXT NOT NULL, value REAL, UNIQUE (incident, at, step));
CREATE TABLE IF NOT EXISTS acknowledgments (
    number INTEGER PRIMARY KEY, incident TEXT NOT NULL REFERENCES incidents, at INTEGER NOT NULL,
    author TEXT NOT NULL, note TEXT NOT NULL, false_alarm INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS mutes (
    number INTEGER PRIMARY KEY, incident TEXT NOT NULL REFERENCES incidents, rule TEXT NOT NULL,
    whose TEXT NOT NULL, at INTEGER NOT NULL, until INTEGER NOT NULL, author TEXT NOT NULL,
    note TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS notices (
    id TEXT PRIMARY KEY, incident TEXT NOT NULL REFERENCES incidents, about TEXT NOT NULL,
    channel TEXT NOT NULL, made_at INTEGER NOT NULL, state TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS attempts (
    number INTEGER PRIMARY KEY, notice TEXT NOT NULL REFERENCES notices, at INTEGER NOT NULL,
    arrived INTEGER NOT NULL, told TEXT NOT NULL);
"""


def file_of(workspace: Workspace) -> Path:
    """Return where the alerts of a workspace are kept."""
    return workspace.root / "alerts" / "alerts.sqlite"


@contextmanager
def opened(file: Path) -> Iterator[sqlite3.Connection]:
    """Open the file for a while, creating it and its folder where needed.

    Raises
    ------
    ValueError
        If the file exists and is not an SQLite database.
    """
    todo = "restore it from a backup, or move it away to begin anew"
    with sqlite.opened(file, _PRAGMAS, _lay_out, name="alerts", todo=todo) as connection:
        yield connection


def _lay_out(connection: sqlite3.Connection) -> None:
    connection.executescript(_TABLES)


@contextmanager
def changing(file: Path) -> Iterator[sqlite3.Connection]:
    """Open the file for one transaction: all of it is kept, or nothing."""
    with opened(file) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
