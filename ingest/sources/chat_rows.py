"""Rows of a file of conversations under canonical column names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from ingest.identity import KeyMaker
from ingest.schemas import STRING
from ingest.sources.base import Broken, RawBatch, Times
from ingest.sources.chat_columns import ROLES, Speakers, kind_of
from ingest.sources.readers.base import Part

_COPIED = ("text", "reply_to", "recalled", "private", "channel", "media")


@dataclass(frozen=True)
class Chat:
    """How one file is read.

    Attributes
    ----------
    file : pathlib.Path
        The file.
    columns : dict of str to str
        What -> column.
    speakers : Speakers
        Who speaks.
    channel : str, optional
        Where no column tells it.
    times : Times
        How times are written.
    note : str
        What to tell in the load report.
    """

    file: Path
    columns: dict[str, str]
    speakers: Speakers
    channel: str | None
    times: Times
    note: str
    _keys: KeyMaker = field(default_factory=KeyMaker, compare=False)
    _customers: dict[str, str] = field(default_factory=dict, compare=False)

    def batches(self, part: Part) -> Iterator[RawBatch]:
        """Yield the rows of a part."""
        given, numbers = part.rows.to_pylist(), tuple(_numbers(part))
        rows = [self._row(row, number) for row, number in zip(given, numbers, strict=True)]
        derived = "message_id" not in self.columns
        table = _table(rows)
        if derived:  # when a file was copied says nothing about its messages
            own = table if "occurred_at" in self.columns else table.drop_columns(["occurred_at"])
            table = table.add_column(0, "message_id", self._keys.keys(own))
        yield self._batch("messages", table, numbers, part.broken, derived=derived)
        events = self._events(given, rows)
        if events:
            places = tuple(numbers[place] for place, _ in events)
            yield self._batch("events", _table([row for _, row in events]), places)

    def _batch(
        self,
        table: str,
        rows: pa.Table,
        numbers: tuple[int, ...],
        broken: tuple[Broken, ...] = (),
        *,
        derived: bool = False,
    ) -> RawBatch:
        return RawBatch(
            table,
            rows,
            str(self.file),
            broken=broken,
            times=self.times,
            notes=(self.note,),
            derived_key=derived,
            numbers=numbers,
        )

    def _row(self, given: dict[str, Any], number: int) -> dict[str, Any]:
        told = {what: _filled(given.get(column)) for what, column in self.columns.items()}
        customer, agent = told.get("customer_id"), told.get("agent_id")
        sender = told.get("sender")
        role = self.speakers.of(told.get("sender_role"), sender, customer, agent)
        name = sender or _named(told.get("sender_role"), role)
        if role == "customer":
            customer = customer or name
        elif role == "agent":
            agent = agent or name
        talk = told.get("conversation_id") or customer or self.file.stem
        row: dict[str, Any] = {name: told.get(name) for name in _COPIED}
        row |= {
            "conversation_id": talk,
            "customer_id": customer,
            "agent_id": agent,
            "sender_role": role,
            "kind": kind_of(told.get("kind")),
            "channel": told.get("channel") or self.channel,
            "occurred_at": self._time(told, number),
            "raw": self._rest(given),
        }
        if "message_id" in self.columns:  # numbers of a conversation often begin at 1
            own = told.get("message_id")
            row["message_id"] = None if own is None else f"{talk}:{own}"
            row["reply_to"] = f"{talk}:{row['reply_to']}" if row["reply_to"] else None
        return row

    def _time(self, told: dict[str, str | None], number: int) -> str | None:
        if "occurred_at" in self.columns:
            return told["occurred_at"]
        seconds = self.file.stat().st_mtime_ns // 10**9
        return datetime.fromtimestamp(seconds + number / 10**6, UTC).isoformat()

    def _rest(self, given: dict[str, Any]) -> str | None:
        used = set(self.columns.values()) - {self.columns.get("sender_role")}
        kept = {n: v for n, v in given.items() if n not in used and v not in (None, "")}
        return orjson.dumps(kept, default=str).decode() if kept else None

    def _events(self, given: Sequence[dict[str, Any]], rows: list[dict[str, Any]]) -> list[_Event]:
        """Return ratings and labels with the place of their row, each once a conversation."""
        known = {row["conversation_id"]: row["customer_id"] for row in rows if row["customer_id"]}
        self._customers.update(known)
        found: dict[str, _Event] = {}
        for place, (told, row) in enumerate(zip(given, rows, strict=True)):
            talk = row["conversation_id"]
            about = {"customer_id": self._customers.get(talk), "occurred_at": row["occurred_at"]}
            rating = _filled(told.get(self.columns.get("rating", "")))
            if rating is not None:
                more = {"kind": "conversation_rated", "value": rating, "attributes": _about(talk)}
                event = {"event_id": f"{talk}:rating", **about, **more}
                found.setdefault(f"{talk}:rating", (place, event))
            for label in _listed(told.get(self.columns.get("labels", ""))):
                name = f"{talk}:labeled:{label}"
                more = {"kind": "conversation_labeled", "attributes": _about(talk, label=label)}
                found.setdefault(name, (place, {"event_id": name, **about, **more}))
        return list(found.values())


_Event = tuple[int, dict[str, Any]]


def _table(rows: list[dict[str, Any]]) -> pa.Table:
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table({name: pa.array([row.get(name) for row in rows], STRING) for name in names})


def column_values(rows: pa.Table, column: str | None) -> list[str | None]:
    """Return the values of a column as text, none if there is no such column."""
    return [] if column is None else [_filled(value) for value in rows[column].to_pylist()]


def _filled(value: object) -> str | None:
    """Return a value as text, None if it is missing or blank."""
    if isinstance(value, datetime):
        return value.isoformat()
    text = None if value is None else str(value)
    return text if text and text.strip() else None


def _named(told: str | None, role: str | None) -> str | None:
    """Return the sender that stood in the column of roles; a word for a role names nobody."""
    return None if role is None or (told or "").strip().lower() in ROLES else told


def _listed(value: object) -> list[str]:
    text = _filled(value)
    if text is None:
        return []
    if text.startswith("["):
        try:
            return [str(each) for each in orjson.loads(text)]
        except orjson.JSONDecodeError:
            pass
    for mark in "，、;；|":
        text = text.replace(mark, ",")
    return [part.strip() for part in text.split(",") if part.strip()]


def _about(talk: str, **more: str) -> str:
    return orjson.dumps({"conversation_id": talk, **more}).decode()


def _numbers(part: Part) -> Iterator[int]:
    """Yield the row numbers of a part's rows: broken rows in between have numbers too."""
    lost = {broken.row for broken in part.broken}
    number = part.first_row
    for _ in range(part.rows.num_rows):
        while number in lost:
            number += 1
        yield number
        number += 1
