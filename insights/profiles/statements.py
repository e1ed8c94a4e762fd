"""Statements about one customer: what stands in each field, what waits below, the whole history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as default
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from features.text.facts.fold import standing_facts
from features.text.facts.values import value_of
from ingest.facts import taken_back
from ingest.store import Store

MANY = frozenset(
    {"phone", "email", "tag", "group", "size", "allergy", "household", "order_number"}
)  # fields of which a customer has several; of any other one value stands
ENTERED = ("manual", "crm")  # said by people and other systems; the rest is read out of texts
_TEXTS = {"message_id": "messages", "feedback_id": "feedback"}


@dataclass(frozen=True, slots=True)
class Statement:
    """One row of ``facts`` as people read it.

    Attributes
    ----------
    fact_id, customer_id, field, value, authority, source : str
        As stored.
    author : str or None
        Who said it.
    at : datetime
        When it was recorded (UTC).
    confidence : float or None
        0..1, of what was read out of texts.
    evidence : mapping
        Where it comes from, such as the id of a message and places in it.
    quote : str or None
        The words themselves, while the text is there.
    retracts : str or None
        The row that this one takes back; it states nothing itself.
    stands : bool
        Whether it was not taken back.
    taken_back_by : str or None
        The newest row that took it back.
    """

    fact_id: str
    customer_id: str
    field: str
    value: str
    authority: str
    source: str
    author: str | None
    at: datetime
    confidence: float | None = None
    evidence: Mapping[str, Any] = default(default_factory=dict)
    quote: str | None = None
    retracts: str | None = None
    stands: bool = True
    taken_back_by: str | None = None

    @property
    def key(self) -> str:
        """The value in one spelling: two statements with the same key say the same."""
        return (value_of(self.field, self.value) or self.value).strip().casefold()


@dataclass(frozen=True, slots=True)
class Entry:
    """One field of a card.

    Attributes
    ----------
    field : str
        Such as ``company``.
    values : tuple of Statement
        What stands: one, or several where a customer has several, such as telephone numbers.
    suggestions : tuple of Statement
        Other values that wait below, the best first.
    """

    field: str
    values: tuple[Statement, ...]
    suggestions: tuple[Statement, ...] = ()

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError(f"field {self.field!r}: expected a value that stands, received none")


def stored(store: Store, customers: Sequence[str]) -> pa.Table:
    """Return the rows of ``facts`` about some customers."""
    return store.read("facts", filter=pc.field("customer_id").isin(list(customers)))


def entries(facts: pa.Table, customer: str) -> tuple[Entry, ...]:
    """Return what stands of each field and what waits below it, by name of the field.

    Parameters
    ----------
    facts : pyarrow.Table
        Rows about the customer, those of joined customers under their own ids.
    customer : str
        Under whose id all of them are counted.
    """
    owners = dict(zip(facts["fact_id"].to_pylist(), facts["customer_id"].to_pylist(), strict=True))
    ranked = standing_facts(_under(facts, customer)).to_pylist()
    told = [_statement(row | {"customer_id": owners[row["fact_id"]]}) for row in ranked]
    return tuple(_entry(name, list(of)) for name, of in groupby(told, key=attrgetter("field")))


def history(facts: pa.Table) -> list[Statement]:
    """Return every statement and retraction, the newest first, with what took it back."""
    gone = taken_back(facts)
    rows = sorted(facts.to_pylist(), key=lambda row: (row["recorded_at"], row["fact_id"]))
    marks = {row["retracts"]: row["fact_id"] for row in rows if row["fact_id"] not in gone}
    return [
        replace(
            _statement(row),
            stands=row["fact_id"] not in gone,
            taken_back_by=marks.get(row["fact_id"]),
        )
        for row in reversed(rows)
    ]


def quoted_entries(store: Store, told: Sequence[Entry]) -> tuple[Entry, ...]:
    """Return entries whose statements carry the words they rest on."""
    flat = [one for entry in told for one in (*entry.values, *entry.suggestions)]
    known = {one.fact_id: one for one in with_quotes(store, flat)}
    return tuple(
        Entry(
            entry.field,
            tuple(known[one.fact_id] for one in entry.values),
            tuple(known[one.fact_id] for one in entry.suggestions),
        )
        for entry in told
    )


def with_quotes(store: Store, told: Sequence[Statement]) -> list[Statement]:
    """Return statements with the words they rest on; none where a text is gone or recalled."""
    texts: dict[str, str] = {}
    for name, table in _TEXTS.items():
        wanted = [one for one in told if name in one.evidence and "quote_start" in one.evidence]
        if wanted:
            texts |= _texts(store, table, name, wanted)
    return [replace(one, quote=_quote(one.evidence, texts)) for one in told]


def _under(facts: pa.Table, customer: str) -> pa.Table:
    place = facts.schema.get_field_index("customer_id")
    same = pa.array([customer] * facts.num_rows, pa.string())
    return facts.set_column(place, facts.schema.field(place), same)


def _entry(name: str, told: Sequence[Statement]) -> Entry:
    by_key: dict[str, Statement] = {}
    for one in told:  # the best first
        by_key.setdefault(one.key, one)
    distinct = list(by_key.values())
    if name not in MANY:
        return Entry(name, (distinct[0],), tuple(distinct[1:]))
    entered = [one for one in distinct if one.authority in ENTERED]
    waiting = [one for one in distinct if entered and one.authority not in ENTERED]
    return Entry(name, tuple(entered or distinct), tuple(waiting))


def _statement(row: Mapping[str, Any]) -> Statement:
    return Statement(
        fact_id=row["fact_id"],
        customer_id=row["customer_id"],
        field=row["field"],
        value=row["value"],
        authority=row["authority"],
        source=row["source"],
        author=row["author"],
        at=row["recorded_at"],
        confidence=row["confidence"],
        evidence=orjson.loads(row["evidence"]) if row["evidence"] else {},
        retracts=row["retracts"],
    )


def _texts(store: Store, table: str, name: str, wanted: Iterable[Statement]) -> dict[str, str]:
    """Return texts by id; what is extracted is recorded when its text was available."""
    told = list(wanted)
    ids = sorted({str(one.evidence[name]) for one in told})
    asked = pc.field(name).isin(ids)
    if not any(one.authority in ENTERED for one in told):
        asked &= pc.field("available_at") >= min(one.at for one in told)
    recalled = ["recalled"] if table == "messages" else []
    rows = store.read(table, [name, "text", *recalled], asked).to_pylist()
    return {row[name]: row["text"] for row in rows if row["text"] and not row.get("recalled")}


def _quote(evidence: Mapping[str, Any], texts: Mapping[str, str]) -> str | None:
    text = next((texts[evidence[n]] for n in _TEXTS if evidence.get(n) in texts), None)
    if text is None:
        return None
    return text[evidence["quote_start"] : evidence["quote_end"]].strip() or None
