"""Lists of contacts and groups, from the HTTP service or a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from ingest.sources.base import Broken, RawBatch
from ingest.sources.chatlog.told import Told
from ingest.sources.rows import as_table, text

ListOf = Literal["contact", "chatroom"]
_KEYS: Mapping[ListOf, str] = {"contact": "userName", "chatroom": "name"}


def people(
    told: Told, what: ListOf, entries: Iterable[object], *, file: str, first_row: int, at: str
) -> Iterator[RawBatch]:
    """Yield the customers and facts that a list tells of.

    Parameters
    ----------
    told : Told
        Remembers names for the messages that follow.
    what : {"contact", "chatroom"}
        What the list is of.
    entries : iterable
        Objects as chatlog's JSON has them; what is none is a broken row.
    file : str
        Where the list comes from, as shown to people.
    first_row : int
        Number of the first entry.
    at : str
        When the list was made (ISO 8601).
    """
    good: list[Mapping[str, Any]] = []
    broken: list[Broken] = []
    for number, entry in enumerate(entries, first_row):
        if isinstance(entry, Broken):
            broken.append(entry)
        elif isinstance(entry, dict) and isinstance(entry.get(_KEYS[what]), str):
            good.append(entry)
        else:
            reason = f"{_KEYS[what]}: expected the id of a {what}, received none"
            broken.append(Broken(number, reason, text(entry) or ""))
    if what == "contact":
        told.contacts(good, at)
    else:
        told.rooms(good, at)
    rows = dict(told.take())
    customers = as_table("customers", rows.pop("customers", []))
    yield RawBatch("customers", customers, file, first_row, tuple(broken))
    for table, made in rows.items():
        yield RawBatch(table, as_table(table, made), file, first_row)
