"""``entities.parquet``: one row for each thing that a text names, personal data masked."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from features.text.cache import Cached
from features.text.entities.moments import resolve
from features.text.entities.products import Catalog
from features.text.entities.recognize import EntityAnalyzer
from features.text.pii.mask import masked_form
from features.text.pii.recognize import PiiAnalyzer
from features.text.settings import TextSettings
from features.text.spans import Span

if TYPE_CHECKING:
    from ingest.store import Store

_READ = ["text_id", "customer_id", "text", "occurred_at"]
_MARK = b"made_of"
_TIME = pa.timestamp("us", tz="UTC")
ENTITIES = pa.schema(
    [
        ("text_id", pa.string()),
        ("customer_id", pa.string()),
        ("kind", pa.string()),
        ("start", pa.int32()),
        ("end", pa.int32()),
        ("text", pa.string()),
        ("value", pa.string()),
        ("confidence", pa.float32()),
        ("since", _TIME),
        ("until", _TIME),
    ]
)


def write_entities(
    path: Path,
    store: Store,
    rows: pa.Table,
    connection: sqlite3.Connection,
    settings: TextSettings,
) -> list[Cached]:
    """Write what the texts name, batch by batch, beside its place, then move it there.

    Parameters
    ----------
    path : Path
        Gets the columns of :data:`ENTITIES`. ``text`` is what was written, masked where it is
        personal data; ``value`` the same thing in one spelling, empty for personal data; ``since``
        and ``until`` are the stretch of time that a time expression meant.
    store : Store
        Its ``items`` are the products looked for.
    rows : pyarrow.Table
        The texts, from :func:`features.text.collect.collect`.
    connection : sqlite3.Connection
        The open cache.
    settings : TextSettings
        Where ``entities`` is false, an older file is removed and nothing is done.

    Returns
    -------
    list of Cached
        The analyzers used, which know how many texts they really read.
    """
    if not settings.entities:
        path.unlink(missing_ok=True)
        return []
    catalog = Catalog.of_items(store.read("items", columns=["item_id", "title"]))
    personal = Cached(PiiAnalyzer(), connection)
    named = Cached(EntityAnalyzer(catalog=catalog), connection)
    mark = _mark(rows, personal.version, named.version, settings.zone)
    if path.exists() and (pq.read_schema(path).metadata or {}).get(_MARK) == mark:
        return [personal, named]
    draft = path.with_suffix(".draft")
    schema = ENTITIES.with_metadata({_MARK: mark})
    with pq.ParquetWriter(draft, schema, compression="zstd") as writer:
        for start in range(0, rows.num_rows, settings.batch):
            part = rows.slice(start, settings.batch)
            texts = part["text"].to_pylist()
            spans = (personal.analyze(texts)["pii"], named.analyze(texts)["entities"])
            found = _rows(part, *(column.to_pylist() for column in spans), zone=settings.zone)
            writer.write_table(pa.Table.from_pylist(list(found), schema=schema))
    draft.replace(path)
    return [personal, named]


def _mark(rows: pa.Table, *settings: str) -> bytes:
    """Return what changes whenever the table would."""
    digest = hashlib.blake2b(repr(settings).encode(), digest_size=16)
    for batch in rows.select(_READ).combine_chunks().to_batches():
        digest.update(batch.serialize())
    return digest.hexdigest().encode()


def _rows(
    part: pa.Table, personal: list[Any], named: list[Any], *, zone: str
) -> Iterator[dict[str, Any]]:
    """Yield one row a span; of a text that names nothing, as most do, there is none."""
    told = part.select(_READ)
    some = [place for place, both in enumerate(zip(personal, named, strict=True)) if any(both)]
    for place, row in zip(some, told.take(pa.array(some, pa.int64())).to_pylist(), strict=True):
        given = {name: row[name] for name in ("text_id", "customer_id")}
        for span in personal[place]:
            yield given | span | {"text": masked_form(_span(row["text"], span)), "value": ""}
        for span in named[place]:
            when = _when(span, row["occurred_at"], zone)
            yield given | span | {"text": row["text"][span["start"] : span["end"]]} | when


def _span(text: str, row: Mapping[str, Any]) -> Span:
    place = slice(row["start"], row["end"])
    return Span(row["kind"], row["start"], row["end"], text[place], row["confidence"])


def _when(span: Mapping[str, Any], said_at: datetime, zone: str) -> dict[str, datetime | None]:
    if span["kind"] != "time":
        return {"since": None, "until": None}
    try:
        period = resolve(span["value"], said_at, zone)
    except ValueError:  # such as the 31st, said in a month without one
        return {"since": None, "until": None}
    return {"since": period.start, "until": period.end}
