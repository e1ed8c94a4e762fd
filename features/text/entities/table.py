"""``entities.parquet``: one row for each thing that a text names, personal data masked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from features.text.entities.moments import resolve
from features.text.pii.mask import masked_form
from features.text.spans import Span

_READ = ["text_id", "customer_id", "text", "occurred_at"]
SPEAKERS = ("pii", "entities")
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


class EntityOutput:
    """``entities``: one row for each thing that a text names.

    ``text`` is what was written, masked where it is personal data; ``value`` the same thing in one
    spelling, empty for personal data; ``since`` and ``until`` are the stretch of time that a time
    expression meant.

    Parameters
    ----------
    reads : sequence of str
        Which of the analyzers ``pii`` and ``entities`` are asked.
    zone : str
        IANA name of the zone that customers write in.
    """

    name = "entities"
    schema = ENTITIES

    def __init__(self, reads: Sequence[str], zone: str) -> None:
        self.reads = tuple(reads)
        self.version = f"1:{zone}"
        self._zone = zone

    def rows(self, batch: pa.Table, found: Mapping[str, pa.Table]) -> pa.Table:
        """Return the rows of a batch of texts; of a text that names nothing, there is none."""
        nothing: list[list[Any]] = [[] for _ in range(batch.num_rows)]
        spans = [
            found[name][name].to_pylist() if name in self.reads else nothing for name in SPEAKERS
        ]
        return pa.Table.from_pylist(list(_rows(batch, *spans, zone=self._zone)), schema=ENTITIES)


def _rows(
    part: pa.Table, personal: list[Any], named: list[Any], *, zone: str
) -> Iterator[dict[str, Any]]:
    """Yield one row a span."""
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
