"""The record behind joined customers: who holds which key, said once, taken back by saying so.

The table ``identities`` is only ever appended to. A row says that a customer holds a key, and where
that was found; a row with ``retracts`` takes another row back, and can be taken back itself. What
stands at the end joins customers (:mod:`ingest.stitching.joins`).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
import pyarrow as pa

from ingest.schemas import IDENTITIES
from ingest.stitching.joins import Held, Joins, Key, join
from ingest.store import Store

MACHINE = "stitch"  # author of what the sources said, and of what they no longer say


def canonical_customer(store: Store) -> dict[str, str]:
    """Return customer -> the customer under whose id everything is counted, where that is another.

    The one place that features and insights ask who is who; empty where nobody was joined.

    Parameters
    ----------
    store : Store
        Its table ``identities`` is read.
    """
    return joins_of(standing(store)).canonical()


def standing(store: Store) -> list[dict[str, Any]]:
    """Return the rows that say who holds a key and were not taken back, oldest first."""
    rows = store.read("identities").to_pylist()
    gone = _gone(rows)
    found = [row for row in rows if row["retracts"] is None and row["identity_id"] not in gone]
    return sorted(found, key=lambda row: (row["recorded_at"], row["identity_id"]))


def joins_of(rows: Sequence[Mapping[str, Any]]) -> Joins:
    """Return the groups that standing rows make."""
    held: dict[str, list[Key]] = {}
    age: dict[str, str] = {}
    for row in rows:
        held.setdefault(row["customer_id"], []).append((row["kind"], row["value"]))
        moment = row["recorded_at"].isoformat(timespec="microseconds")
        age[row["customer_id"]] = min(moment, age.get(row["customer_id"], moment))
    return join(held, age)


def follow(store: Store, found: Iterable[Held], now: datetime) -> tuple[int, int]:
    """Record what the sources say now: new keys are added, keys they no longer tell taken back.

    What a person took back stays taken back, whatever the sources say.

    Returns
    -------
    tuple of int
        Rows that stand now and did not before, and the other way round.
    """
    told = {identity_of(one): one for one in sorted(found, reverse=True)}
    rows: list[dict[str, Any]] = store.read("identities").to_pylist()
    known = {row["identity_id"]: row for row in rows}
    stands = {row["identity_id"] for row in standing(store)}
    fresh = [_said(name, one, now) for name, one in told.items() if name not in known]
    lost = [
        known[name] for name in sorted(stands - told.keys()) if known[name]["author"] == MACHINE
    ]
    back = [
        mark
        for name in sorted(told.keys() & known.keys() - stands)
        if (mark := _last_mark(name, rows)) is not None and mark["author"] == MACHINE
    ]
    marks = [_retraction(row, MACHINE, now, rows) for row in (*lost, *back)]
    _add(store, [*fresh, *marks])
    return len(fresh) + len(back), len(lost)


def undo(store: Store, name: str, author: str, now: datetime) -> list[dict[str, Any]]:
    """Take a customer out of its group, or one key of a customer back; return what was taken back.

    Parameters
    ----------
    store : Store
        Whose record it is.
    name : str
        A customer's id, or an ``identity_id``.
    author : str
        Who decides so.
    now : datetime
        When.

    Raises
    ------
    ValueError
        If nothing of this name stands.
    """
    stands = standing(store)
    found = [row for row in stands if name in (row["customer_id"], row["identity_id"])]
    if not found:
        raise ValueError(
            f"undo={name}: expected a customer or an identity that holds a key now, found none; "
            "python -m ingest.stitch lists them"
        )
    rows = store.read("identities").to_pylist()
    _add(store, [_retraction(row, author, now, rows) for row in found])
    return found


def redo(store: Store, name: str, author: str, now: datetime) -> list[dict[str, Any]]:
    """Take back that something was taken back; return what stands again.

    Raises
    ------
    ValueError
        If nothing of this name was taken back.
    """
    rows: list[dict[str, Any]] = store.read("identities").to_pylist()
    stands = {row["identity_id"] for row in standing(store)}
    found = [
        row
        for row in rows
        if row["retracts"] is None
        and row["identity_id"] not in stands
        and name in (row["customer_id"], row["identity_id"])
    ]
    marks = [mark for row in found if (mark := _last_mark(row["identity_id"], rows)) is not None]
    if not marks:
        raise ValueError(f"redo={name}: expected what was undone before, found nothing of it")
    _add(store, [_retraction(mark, author, now, rows) for mark in marks])
    return found


def identity_of(held: Held) -> str:
    """Return the key of the row that says who holds a key: the same however often it is said."""
    text = "\x1f".join((held.customer_id, held.kind, held.key))
    return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()


def _said(name: str, held: Held, now: datetime) -> dict[str, Any]:
    evidence = orjson.dumps({"source": held.source, "field": held.field}).decode()
    return {
        "identity_id": name,
        "source": held.source,
        "customer_id": held.customer_id,
        "kind": held.kind,
        "value": held.key,
        "evidence": evidence,
        "author": MACHINE,
        "recorded_at": now,
        "retracts": None,
    }


def _retraction(
    row: Mapping[str, Any], author: str, now: datetime, rows: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    times = Counter(each["retracts"] for each in rows)[row["identity_id"]]
    name = f"{row['identity_id']}:{times + 1}"
    mark = {"identity_id": name, "author": author, "recorded_at": now, "evidence": None}
    return {**row, **mark, "retracts": row["identity_id"]}


def _last_mark(name: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return the retraction that keeps a row from standing, None if there is none."""
    gone = _gone(rows)
    marks = [row for row in rows if row["retracts"] == name and row["identity_id"] not in gone]
    last = max(marks, key=lambda row: (row["recorded_at"], row["identity_id"]), default=None)
    return None if last is None else dict(last)


def _gone(rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Return the rows that are taken back by rows that are not taken back themselves."""
    targets: dict[str, list[str]] = {}
    for row in rows:
        if row["retracts"] is not None:
            targets.setdefault(row["retracts"], []).append(row["identity_id"])
    gone: set[str] = set()
    # A retraction is named after what it takes back, so the longest names are decided first.
    for name in sorted(targets, key=len, reverse=True):
        if any(mark not in gone for mark in targets[name]):
            gone.add(name)
    return gone


def _add(store: Store, rows: list[dict[str, Any]]) -> None:
    if rows:
        store.add("identities", pa.Table.from_pylist(rows, schema=IDENTITIES.schema))
