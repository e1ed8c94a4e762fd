"""What was extracted from texts, in the canonical table ``facts``: suggestions with evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from features.text.base import Analyzer, fingerprint
from features.text.facts.extract import ProfileFactAnalyzer
from features.text.facts.values import value_of
from features.text.spans import folded
from ingest.schemas import FACTS

if TYPE_CHECKING:
    from ingest.store import Store

AUTHORITY = "extracted"
AUTHOR = "features.text.facts"
_READ = ["text_id", "kind", "source", "customer_id", "text", "available_at"]
_RETRACTED = "retracted"  # stands where a value must be, so that no value outlives its message
_KEYS = {"message": "message_id", "feedback": "feedback_id"}


@dataclass(frozen=True, slots=True)
class Written:
    """What :func:`write_facts` did: facts that are new, and those whose evidence is gone."""

    added: int
    retracted: int


def write_facts(
    store: Store,
    texts: Iterable[pa.Table],
    *,
    analyzer: Analyzer | None = None,
    batch: int = 2048,
) -> Written:
    """Add what customers say of themselves to ``facts``, and retract what nobody says any more.

    A fact's key is made of the text, the field, the place and the value: writing twice changes
    nothing. Its evidence is JSON with the text's id and the places of statement and quote. A fact
    of this author whose text was erased, recalled or is read otherwise now is retracted by a
    further row; entered facts are never touched, and beat these in the fold
    (:func:`features.text.facts.fold.current_facts`).

    Parameters
    ----------
    store : Store
        Read and appended to.
    texts : iterable of pyarrow.Table
        All texts there are, from :func:`features.text.pipeline.collect.stream`.
    analyzer : Analyzer, optional
        Such as ``Cached(ProfileFactAnalyzer(), connection)``; a fresh one by default.
    batch : int
        Texts read at a time.

    Returns
    -------
    Written
        How many rows were added.
    """
    reader = analyzer if analyzer is not None else ProfileFactAnalyzer()
    mine = store.read(
        "facts",
        columns=["fact_id", "customer_id", "field", "source", "recorded_at", "retracts"],
        filter=(pc.field("authority") == AUTHORITY) & (pc.field("author") == AUTHOR),
    )
    known, said, added = _standing(mine), set[str](), 0
    newest: datetime | None = None
    for part in (t.slice(at, batch) for t in texts for at in range(0, t.num_rows, batch)):
        newest = pc.max(part["available_at"]).as_py() or newest
        told = part.select(_READ).filter(pc.is_valid(part["customer_id"]))
        found = reader.analyze(told["text"].to_pylist())["profile_facts"].to_pylist()
        new = [row for row in _rows(told, found) if row["fact_id"] not in said]
        said |= {row["fact_id"] for row in new}
        added += _add(store, new)
    gone = [row for key, row in known.items() if key not in said]
    return Written(added, _add(store, [_retraction(row, newest) for row in gone]))


def _standing(mine: pa.Table) -> dict[str, dict[str, Any]]:
    """Return the stored facts that no row retracts, by key."""
    retracted = set(mine["retracts"].drop_null().to_pylist())
    return {
        row["fact_id"]: row
        for row in mine.to_pylist()
        if row["retracts"] is None and row["fact_id"] not in retracted
    }


def _rows(part: pa.Table, found: Iterable[Any]) -> Iterator[dict[str, Any]]:
    for row, facts in zip(part.to_pylist(), found, strict=True):
        plain = folded(row["text"]) if facts else ""
        for fact in facts:
            value = value_of(fact["field"], plain[fact["start"] : fact["end"]])
            if value:
                yield _row(row, fact, value)


def _row(text: Mapping[str, Any], fact: Mapping[str, Any], value: str) -> dict[str, Any]:
    places = ("start", "end", "quote_start", "quote_end")
    evidence = {_KEYS[text["kind"]]: text["text_id"], **{name: fact[name] for name in places}}
    key = fingerprint(text["kind"], text["text_id"], fact["field"], fact["start"], value)
    return {
        "fact_id": f"extracted-{key}",
        "source": text["source"],
        "customer_id": text["customer_id"],
        "field": fact["field"],
        "value": value,
        "authority": AUTHORITY,
        "evidence": orjson.dumps(evidence).decode(),
        "confidence": round(float(fact["confidence"]), 4),
        "author": AUTHOR,
        "recorded_at": text["available_at"],
        "retracts": None,
    }


def _retraction(fact: Mapping[str, Any], newest: datetime | None) -> dict[str, Any]:
    when = max(fact["recorded_at"], newest) if newest is not None else fact["recorded_at"]
    given = {name: fact[name] for name in ("source", "customer_id", "field")}
    return given | {
        "fact_id": f"retracted-{fingerprint(fact['fact_id'])}",
        "value": _RETRACTED,
        "authority": AUTHORITY,
        "evidence": None,
        "confidence": None,
        "author": AUTHOR,
        "recorded_at": when,
        "retracts": fact["fact_id"],
    }


def _add(store: Store, rows: list[dict[str, Any]]) -> int:
    if not rows:
        return 0
    return store.add("facts", pa.Table.from_pylist(rows, schema=FACTS.schema)).accepted
