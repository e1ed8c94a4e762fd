"""A database that many open at once for the first time is opened by all of them."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import pytest

from ingest import sqlite

PRAGMAS = ("journal_mode=WAL", "busy_timeout=30000")
OPENERS = 8


def lay_out(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE IF NOT EXISTS seen (who INTEGER)")


def add(file: Path, who: int, gate: Barrier | None = None) -> None:
    if gate:
        gate.wait()
    with sqlite.opened(file, PRAGMAS, lay_out, name="guests", todo="ask again") as connection:
        connection.execute("INSERT INTO seen VALUES (?)", (who,))


def test_all_who_come_at_once_to_a_new_file_are_let_in(tmp_path: Path) -> None:
    gate = Barrier(OPENERS)
    for number in range(40):
        file = tmp_path / str(number) / "guests.sqlite"
        with ThreadPoolExecutor(OPENERS) as pool:
            list(pool.map(add, [file] * OPENERS, range(OPENERS), [gate] * OPENERS))
        with closing(sqlite3.connect(file)) as connection:
            seen = [who for (who,) in connection.execute("SELECT who FROM seen ORDER BY who")]
        assert seen == list(range(OPENERS))


def test_a_foreign_file_is_explained(tmp_path: Path) -> None:
    file = tmp_path / "guests.sqlite"
    file.write_text("no database at all " * 100, encoding="utf-8")
    with pytest.raises(ValueError, match=r"guests .*expected an SQLite database.*ask again"):
        add(file, 0)


def test_a_file_that_is_held_is_not_called_foreign(tmp_path: Path) -> None:
    file = tmp_path / "guests.sqlite"
    add(file, 0)
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        with (
            pytest.raises(sqlite3.OperationalError, match="locked"),
            sqlite.opened(file, ["busy_timeout=50"], lay_out, name="guests", todo="") as connection,
        ):
            connection.execute("INSERT INTO seen VALUES (1)")
    finally:
        holder.close()
