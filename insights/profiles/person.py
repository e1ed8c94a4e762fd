"""Who a customer is: under which ids they are stored, their name and picture, who added them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from ingest.stitching.record import canonical_customer
from ingest.store import Store

ADDED = "contact_added"
_NAMES = ("name", "nickName", "nickname", "full_name")
_PICTURES = ("avatar", "avatar_url", "picture")
_WAYS = ("add_way", "way", "source")
_KNOWN_BY = ("facts", "customers", "events", "messages", "feedback")


class NoCustomerError(LookupError):
    """Nothing is stored about the customer asked for."""

    def __init__(self, customer: str) -> None:
        super().__init__(f"customer {customer!r}: nothing is stored about them")
        self.customer = customer


@dataclass(frozen=True, slots=True)
class Added:
    """Somebody and the customer became contacts.

    Attributes
    ----------
    event_id, customer_id : str
        The event ``contact_added``, and the id under which it is stored.
    by : str or None
        Member of staff.
    at : datetime
        When (UTC).
    source : str
        Where that is known from, such as ``wecom``.
    way : str or None
        How they met, in the words or codes of the source.
    state : str or None
        The channel code that the source carried along, such as a poster's.
    """

    event_id: str
    customer_id: str
    by: str | None
    at: datetime
    source: str
    way: str | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Name and picture as the sources have them.

    Attributes
    ----------
    name, avatar : str or None
        What the customer's record says, else what the oldest event of adding them says.
    source : str or None
        Of the customer's record, else of that event.
    first_seen_at : datetime or None
        As the customer's record says.
    record : mapping of str to str
        What else the customer's record says, such as ``age``; nested values are left out.
    added : tuple of Added
        Everybody who added them, the first one first.
    """

    name: str | None
    avatar: str | None
    source: str | None
    first_seen_at: datetime | None
    record: Mapping[str, str]
    added: tuple[Added, ...]


def same_customer(store: Store, customer: str) -> tuple[str, tuple[str, ...]]:
    """Return the id under which a customer is counted, and all ids that are counted under it."""
    canonical = canonical_customer(store)
    counted = canonical.get(customer, customer)
    joined = sorted(one for one, under in canonical.items() if under == counted)
    return counted, tuple(dict.fromkeys((counted, *joined)))


def check_known(store: Store, ids: Sequence[str]) -> None:
    """Refuse a customer about whom no table holds a row.

    Raises
    ------
    NoCustomerError
        If there is none.
    """
    asked = pc.field("customer_id").isin(list(ids))
    if not any(store.dataset(t).head(1, filter=asked).num_rows for t in _KNOWN_BY):
        raise NoCustomerError(ids[0])


def person(store: Store, events: pa.Table, ids: Sequence[str]) -> Person:
    """Return who a customer is.

    Parameters
    ----------
    store : Store
        Its table ``customers`` is read.
    events : pyarrow.Table
        Events of the customer.
    ids : sequence of str
        Of the customer, the one they are counted under first.
    """
    columns = ["customer_id", "source", "attributes", "first_seen_at"]
    stored = store.read("customers", columns, pc.field("customer_id").isin(list(ids))).to_pylist()
    rows = sorted(stored, key=lambda row: ids.index(row["customer_id"]))
    met = events.filter(pc.field("kind") == ADDED).to_pylist()
    met.sort(key=lambda row: (row["occurred_at"], row["event_id"]))
    told = [_told(row) for row in (*rows, *met)]
    seen = [row["first_seen_at"] for row in rows if row["first_seen_at"] is not None]
    return Person(
        name=_first(told, _NAMES),
        avatar=_first(told, _PICTURES),
        source=next((row["source"] for row in (*rows, *met)), None),
        first_seen_at=min(seen, default=None),
        record=_record([_told(row) for row in rows]),
        added=tuple(_added(row) for row in met),
    )


def _record(told: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return what records say, the first one first, besides name and picture."""
    every = {name: value for about in reversed(told) for name, value in about.items()}
    plain = {n: str(v) for n, v in every.items() if isinstance(v, str | int | float) and v != ""}
    return {n: plain[n] for n in sorted(plain.keys() - {*_NAMES, *_PICTURES})}


def _told(row: Mapping[str, Any]) -> Mapping[str, Any]:
    about = orjson.loads(row["attributes"]) if row["attributes"] else {}
    return about if isinstance(about, dict) else {}


def _added(row: Mapping[str, Any]) -> Added:
    about = [_told(row)]
    return Added(
        event_id=row["event_id"],
        customer_id=row["customer_id"],
        by=row["agent_id"],
        at=row["occurred_at"],
        source=row["source"],
        way=_first(about, _WAYS),
        state=_first(about, ("state",)),
    )


def _first(told: Iterable[Mapping[str, Any]], names: Sequence[str]) -> str | None:
    values = (about.get(name) for about in told for name in names)
    return next((str(value) for value in values if value not in (None, "")), None)
