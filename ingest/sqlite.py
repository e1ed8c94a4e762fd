"""SQLite files that processes share: opened for a while, and a foreign file explained."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from filelock import FileLock


@contextmanager
def opened(
    file: Path,
    pragmas: Sequence[str],
    lay_out: Callable[[sqlite3.Connection], object],
    *,
    name: str,
    todo: str,
) -> Iterator[sqlite3.Connection]:
    """Open a database for a while; see :func:`connected`."""
    with closing(connected(file, pragmas, lay_out, name=name, todo=todo)) as connection:
        yield connection


def connected(
    file: Path,
    pragmas: Sequence[str],
    lay_out: Callable[[sqlite3.Connection], object],
    *,
    name: str,
    todo: str,
) -> sqlite3.Connection:
    """Open a database, creating it and its folder where needed; transactions are the caller's.

    Parameters
    ----------
    file : Path
        Of the database.
    pragmas : sequence of str
        Settings of the connection, such as ``journal_mode=WAL``.
    lay_out : callable
        Creates the tables that are missing.
    name, todo : str
        What the file is and what to do if it is something else, for the error.

    Returns
    -------
    sqlite3.Connection
        To be closed by the caller.

    Raises
    ------
    ValueError
        If the file exists and is not an SQLite database.
    sqlite3.OperationalError
        If another process holds the file for longer than ``busy_timeout``.

    Notes
    -----
    One at a time prepares the file: while SQLite changes to its write-ahead log, a second who wants
    the same is refused at once, whatever ``busy_timeout`` says.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        with FileLock(f"{file}.lock", poll_interval=0.005):
            for pragma in pragmas:
                connection.execute(f"PRAGMA {pragma}")
            lay_out(connection)
    except sqlite3.OperationalError:  # a database, but not to be had now
        connection.close()
        raise
    except sqlite3.DatabaseError as error:
        connection.close()
        raise ValueError(
            f"{name} {file}: expected an SQLite database, got a file that cannot be read as "
            f"one ({error}); {todo}"
        ) from error
    except BaseException:
        connection.close()
        raise
    return connection
