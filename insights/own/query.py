"""Run a query of one's own where it can read the tables it names, and do nothing else.

Each query has a DuckDB of its own, in memory, whose door is closed before the query comes in: no
files, no network, no extensions, no variables of this program, no way to open the door again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Timer

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds

SECONDS = 120.0  # a query that takes longer is ended
_SETTINGS = (
    "TimeZone = 'UTC'",
    "temp_directory = ''",
    "autoinstall_known_extensions = false",
    "autoload_known_extensions = false",
    "python_enable_replacements = false",
    "enable_external_access = false",
    "lock_configuration = true",  # last: nothing can be set after it
)
_LIMITS: dict[str, str | int | float | list[str]] = {"threads": 2, "memory_limit": "1GB"}


def statement(sql: str) -> str:
    """Return the one query that a text holds.

    Raises
    ------
    ValueError
        If it holds something else, or several.
    """
    try:
        found = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise ValueError(f"expected one SELECT; {told(error)}") from error
    kinds = [each.type.name for each in found]
    if kinds != ["SELECT"]:
        raise ValueError(
            f"expected one SELECT, received {', '.join(kinds) or 'nothing'}: a metric only reads"
        )
    query: str = found[0].query
    return query


@contextmanager
def reading(
    inputs: Mapping[str, pa.Table | ds.Dataset], people: Mapping[str, str]
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database that holds these tables and is closed to everything else.

    Parameters
    ----------
    inputs : mapping of str to pyarrow.Table or Dataset
        By the name that a query has for them.
    people : mapping of str to str
        Customers who are counted under another one's id.
    """
    known = pa.table({"customer_id": list(people), "canonical": list(people.values())})
    with duckdb.connect(":memory:", config=_LIMITS) as database:
        database.register("stored_people", known)
        for name, rows in inputs.items():
            database.register(f"stored_{name}", rows)
            joined = name != "customers" and bool(people) and "customer_id" in rows.schema.names
            database.execute(_JOINED.format(name=name) if joined else _PLAIN.format(name=name))
        for setting in _SETTINGS:
            database.execute(f"SET {setting}")
        clock = Timer(SECONDS, database.interrupt)
        clock.daemon = True
        clock.start()
        try:
            yield database
        finally:
            clock.cancel()


_PLAIN = "CREATE VIEW {name} AS SELECT * FROM stored_{name}"
_JOINED = """
CREATE VIEW {name} AS
SELECT told.* REPLACE (coalesce(known.canonical, told.customer_id) AS customer_id)
FROM stored_{name} AS told LEFT JOIN stored_people AS known USING (customer_id)
"""


def told(error: duckdb.Error) -> str:
    """Return what the database says is wrong, on one line."""
    if isinstance(error, duckdb.InterruptException):
        return f"it took longer than {SECONDS:g} seconds"
    return " ".join(str(error).split("LINE ")[0].split())
