"""``relations.parquet`` and ``events.parquet``: who has to do with what, and what happened."""

from __future__ import annotations

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
from features.text.pii.mask import mask, masked_form
from features.text.relations.events import EventAnalyzer
from features.text.relations.relations import RelationAnalyzer
from features.text.settings import TextSettings
from features.text.spans import Span

if TYPE_CHECKING:
    from ingest.store import Store

_TIME = pa.timestamp("us", tz="UTC")
_WHOSE = [("text_id", pa.string()), ("customer_id", pa.string()), ("said_at", _TIME)]
_PLACE = [("start", pa.int32()), ("end", pa.int32())]
RELATIONS = pa.schema(
    [
        *_WHOSE,
        ("relation", pa.string()),
        *_PLACE,
        ("target_start", pa.int32()),
        ("target_end", pa.int32()),
        ("target", pa.string()),
        ("item_id", pa.string()),
        ("denied", pa.bool_()),
        ("confidence", pa.float32()),
    ]
)
EVENTS = pa.schema(
    [
        *_WHOSE,
        ("event", pa.string()),
        *_PLACE,
        ("denied", pa.bool_()),
        ("supposed", pa.bool_()),
        ("product", pa.string()),
        ("item_id", pa.string()),
        ("amount", pa.string()),
        ("people", pa.list_(pa.string())),
        ("since", _TIME),
        ("until", _TIME),
        ("confidence", pa.float32()),
    ]
)


def write_relations(
    folder: Path,
    store: Store,
    rows: pa.Table,
    connection: sqlite3.Connection,
    settings: TextSettings,
) -> list[Cached]:
    """Write what the texts say of customers and things, batch by batch, then move it into place.

    Parameters
    ----------
    folder : Path
        Gets ``relations.parquet`` and ``events.parquet``, with the columns of :data:`RELATIONS`
        and :data:`EVENTS`: one row for each, none for a text that says nothing. Names of people
        are masked, and so is what personal data a target holds.
    store : Store
        Its ``items`` are the products looked for.
    rows : pyarrow.Table
        The texts, from :func:`features.text.collect.collect`.
    connection : sqlite3.Connection
        The open cache.
    settings : TextSettings
        Batch, and the zone customers write in, which decides what "tomorrow" is.

    Returns
    -------
    list of Cached
        The analyzers used, which know how many texts they really read.
    """
    catalog = Catalog.of_items(store.read("items", columns=["item_id", "title"]))
    makers = (RelationAnalyzer(catalog=catalog), EventAnalyzer(catalog=catalog))
    used = [Cached(analyzer, connection) for analyzer in makers]
    for analyzer, schema in zip(used, (RELATIONS, EVENTS), strict=True):
        path = folder / f"{analyzer.name}.parquet"
        draft = path.with_suffix(".draft")
        with pq.ParquetWriter(draft, schema, compression="zstd") as writer:
            for start in range(0, rows.num_rows, settings.batch):
                part = rows.slice(start, settings.batch)
                found = analyzer.analyze(part["text"].to_pylist())[analyzer.name].to_pylist()
                told = list(_rows(part, found, analyzer.name, settings.zone))
                writer.write_table(pa.Table.from_pylist(told, schema=schema))
        draft.replace(path)
    return used


def _rows(part: pa.Table, found: list[Any], name: str, zone: str) -> Iterator[dict[str, Any]]:
    some = [place for place, said in enumerate(found) if said]
    told = part.select(["text_id", "customer_id", "text", "occurred_at"]).take(
        pa.array(some, pa.int64())
    )
    for place, row in zip(some, told.to_pylist(), strict=True):
        whose = {key: row[key] for key in ("text_id", "customer_id")}
        whose["said_at"] = row["occurred_at"]
        for said in found[place]:
            more = _relation(row, said) if name == "relations" else _event(row, said, zone)
            yield whose | said | more


def _relation(row: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    return {"target": mask(row["text"][said["target_start"] : said["target_end"]])}


def _event(row: Mapping[str, Any], said: Mapping[str, Any], zone: str) -> dict[str, Any]:
    text, product = row["text"], said["product"]
    people = [text[who["start"] : who["end"]] for who in said["people"]]
    since, until = _when(said["time"], row["occurred_at"], zone)
    return {
        "product": mask(text[product["start"] : product["end"]]) if product else "",
        "people": [masked_form(Span("name", 0, len(who), who, 1.0)) for who in people],
        "since": since,
        "until": until,
    }


def _when(value: str, said_at: datetime, zone: str) -> tuple[datetime | None, datetime | None]:
    if not value:
        return None, None
    try:
        period = resolve(value, said_at, zone)
    except ValueError:  # such as the 31st, said in a month without one
        return None, None
    return period.start, period.end
