"""Guessing what a file holds from its column names: canonical names and common words for them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingest.schemas import TABLES, canonical
from ingest.sources.base import SourceError
from ingest.sources.mapping import TableMapping
from ingest.sources.synonyms import NAMED, NEEDED, RATING, SYNONYMS

BUYING = re.compile(r"order|purchas|transaction|sale|invoice|订单|交易|购买")
DIRECTIONS = {"in": "customer", "out": "agent"}


def guess(file: str, columns: Sequence[str]) -> TableMapping:
    """Return the mapping that the column names suggest.

    Parameters
    ----------
    file : str
        Name of the file; it decides only where columns leave a choice.
    columns : sequence of str
        Column names of the file.

    Raises
    ------
    SourceError
        If no table fits, or a table needs a column that no name suggests.
    """
    stem = plain_name(file.split(".", maxsplit=1)[0])
    found = {table: matches(table, columns) for table in TABLES}
    table = _table(stem, found)
    if table is None:
        raise SourceError(
            f"{file}: cannot tell what it holds from its columns {', '.join(columns)}. Say which "
            "is which in a mapping file: source.mapping=my_mapping.yaml (see conf/mapping)"
        )
    constants: dict[str, str | bool | int | float] = {}
    values: dict[str, dict[str, str]] = {}
    matched = found[table]
    if table == "events" and "kind" not in matched:
        constants["kind"] = _kind(file, stem, matched)
    if table == "feedback" and "kind" not in matched:
        constants["kind"] = "review"
    if table == "messages":
        constants |= {} if "kind" in matched else {"kind": "text"}
        values = {"sender_role": DIRECTIONS} if matched.get("sender_role") == "direction" else {}
    return TableMapping(
        table=table, files=file, columns=matched, constants=constants, values=values
    )


def _table(stem: str, found: dict[str, dict[str, str]]) -> str | None:
    fits = [table for table, needed in NEEDED.items() if needed <= found[table].keys()]
    named = [table for table in fits if stem in NAMED[table]]
    if named:
        return named[0]
    if "events" in fits and not {"item_id", "kind"} & found["events"].keys():
        fits.remove("events")  # a customer and a time: rather a list of customers
    if {"customers", "items"} <= set(fits):
        fits = [table for table in fits if table not in {"customers", "items"}]
    return fits[0] if fits else None


def matches(table: str, columns: Sequence[str]) -> dict[str, str]:
    """Return canonical column -> file column; canonical names first, then the order of synonyms."""
    plain = {plain_name(column): column for column in reversed(columns)}
    taken: set[str] = set()
    matched: dict[str, str] = {}
    names = canonical(table).schema.names
    for name in names:
        if name in plain:
            matched[name] = plain[name]
            taken.add(plain[name])
    for name in names:
        for word in SYNONYMS[table].get(name, ()):
            if name not in matched and plain.get(word) not in (None, *taken):
                matched[name] = plain[word]
                taken.add(plain[word])
    return matched


def _kind(file: str, stem: str, matched: dict[str, str]) -> str:
    if plain_name(matched.get("value", "")) in RATING:
        return "rate"
    if {"quantity", "price", "value"} & matched.keys() or BUYING.search(stem):
        return "purchase"
    raise SourceError(
        f"{file}: cannot tell what kind of events these are (view, purchase, rate, ...): expected "
        "a column kind. Give a mapping with constants: {kind: view}"
    )


def plain_name(name: str) -> str:
    """Return a column name in lower_snake letters, as synonyms are written."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[\s.\-/]+", "_", spaced).lower().strip("_")
