"""``relations.parquet`` and ``events.parquet``: who has to do with what, and what happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from features.text.entities.moments import resolve
from features.text.pii.mask import mask, masked_form
from features.text.spans import Span

if TYPE_CHECKING:
    pass

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


class RelationsOutput:
    """``relations`` or ``events``: one row for each, none for a text that says nothing.

    Names of people are masked, and so is what personal data a target holds.

    Parameters
    ----------
    name : {"relations", "events"}
        Which of the two; the analyzer is called the same.
    zone : str
        IANA name of the zone that customers write in; it decides which day "tomorrow" is.
    """

    def __init__(self, name: str, zone: str) -> None:
        self.name = name
        self.schema = RELATIONS if name == "relations" else EVENTS
        self.reads: tuple[str, ...] = (name,)
        self.version = f"1:{zone}"
        self._zone = zone

    def rows(self, batch: pa.Table, found: Mapping[str, pa.Table]) -> pa.Table:
        """Return the rows of a batch of texts."""
        said = found[self.name][self.name].to_pylist()
        told = list(_rows(batch, said, self.name, self._zone))
        return pa.Table.from_pylist(told, schema=self.schema)


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
