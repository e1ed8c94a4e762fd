"""Accept events: checked against the canonical contract, durable before the answer, idempotent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import TypeAdapter, ValidationError

from ingest.schemas import canonical
from ingest.store import Store
from serving.api.errors import fault
from serving.api.event_schemas import EventIn, EventsReceipt, Rejection
from serving.errors import BadRequestError
from serving.overlay import Overlay, Seen

MAX_EVENTS = 1000
MAX_BYTES = 1_000_000
_EVENT = TypeAdapter(EventIn)
_CANONICAL = canonical("events")
_COLUMNS = [name for name in _CANONICAL.schema.names if name != "attributes"]


@dataclass(frozen=True)
class Post:
    """The events of one request: those of the right form, and those that were not.

    Attributes
    ----------
    events : tuple of (int, EventIn)
        Position in the request and event.
    rejections : tuple of Rejection
        Events that do not have the form of an event.
    received : datetime
        When the request came (UTC).
    """

    events: tuple[tuple[int, EventIn], ...]
    rejections: tuple[Rejection, ...]
    received: datetime


def parse(body: bytes) -> Post:
    """Read the body of a request: one event, or a list of events.

    Raises
    ------
    BadRequestError
        If the body is not JSON, not an object or list, empty or too large.
    """
    if len(body) > MAX_BYTES:
        raise _refused(f"at most {MAX_BYTES} bytes", f"{len(body)} bytes", "Send fewer events.")
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _refused("one event or a list of events as JSON", f"{error}", "Send JSON.") from error
    rows = content if isinstance(content, list) else [content]
    if not 1 <= len(rows) <= MAX_EVENTS:
        todo = "Split the list over several requests; sending an event twice does no harm."
        raise _refused(f"1 to {MAX_EVENTS} events", f"{len(rows)} events", todo)
    events: list[tuple[int, EventIn]] = []
    rejections: list[Rejection] = []
    for index, row in enumerate(rows):
        try:
            events.append((index, _EVENT.validate_python(row, strict=False)))
        except ValidationError as error:
            rejections.append(_malformed(index, row, error))
    return Post(tuple(events), tuple(rejections), datetime.now(UTC))


def _refused(expected: str, received: str, todo: str) -> BadRequestError:
    return BadRequestError(
        "The body cannot be read as events.", expected=expected, received=received, todo=todo
    )


def _malformed(index: int, row: object, error: ValidationError) -> Rejection:
    event_id = row.get("event_id") if isinstance(row, dict) else None
    first = fault(error.errors(include_url=False, include_context=False)[0])
    return Rejection(index=index, event_id=None if event_id is None else str(event_id), **first)


class EventDesk:
    """Writes events to the canonical table and tells the overlay; used by one thread at a time.

    Parameters
    ----------
    store : Store
        Canonical tables of the workspace.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._overlay: Overlay | None = None

    def attach(self, overlay: Overlay, since: datetime) -> None:
        """Bring an overlay up to date with the store (``available_at >= since``) and feed it."""
        overlay.refresh(self._store, since)
        self._overlay = overlay
        known = self._store.dataset("events").head(1)
        self._store.add("events", known)  # changes nothing; the store now has its keys in memory

    def commit(self, posts: Sequence[Post]) -> list[EventsReceipt | Exception]:
        """Store the events of all posts in one durable commit and count what became of each.

        Parameters
        ----------
        posts : sequence of Post
            Requests that wait at the same time.

        Returns
        -------
        list of EventsReceipt
            One a post, in order. Every accepted event is on disk when this returns.
        """
        rows = [row_of(event, post.received) for post in posts for _, event in post.events]
        table = pa.Table.from_pylist(rows, schema=_CANONICAL.schema)
        broken = _broken(table)
        good = [position for position in range(len(rows)) if position not in broken]
        known = self._keep(table.take(pa.array(good, pa.int64())))
        receipts: list[EventsReceipt | Exception] = []
        position = 0
        for post in posts:
            outcome = list(post.rejections)
            accepted = 0
            for index, event in post.events:
                if position in broken:
                    outcome.append(_against_contract(index, event, *broken[position]))
                elif event.event_id not in known:
                    known.add(event.event_id)
                    accepted += 1
                position += 1
            receipts.append(_receipt(post, accepted, outcome))
        return receipts

    def _keep(self, rows: pa.Table) -> set[str]:
        """Store rows and return those of their event ids that were stored before."""
        if not len(rows):
            return set()
        before = self._store.version("events")
        added = self._store.add("events", rows)
        known: set[str] = set()
        if added.duplicate:
            ids = rows["event_id"].combine_chunks()
            wanted = pc.field("event_id").isin(ids)
            if before is not None:
                found = self._store.read("events", ["event_id"], wanted, version=before)
                known = set(found["event_id"].to_pylist())
            rows = rows.filter(pc.invert(pc.is_in(ids, pa.array(sorted(known), pa.string()))))
        if self._overlay is not None:
            columns = [rows[name].to_pylist() for name in Seen._fields]
            self._overlay.add([Seen(*values) for values in zip(*columns, strict=True)])
        return known


def rejected(post: Post) -> EventsReceipt:
    """Return the receipt of a request none of whose events has the right form."""
    return _receipt(post, 0, list(post.rejections))


def row_of(event: EventIn, received: datetime) -> dict[str, object]:
    """Return the canonical row of an event.

    Without ``available_at`` an event was known when it was received, and never before it happened.
    """
    row: dict[str, object] = {name: getattr(event, name) for name in _COLUMNS}
    row["available_at"] = event.available_at or max(received, event.occurred_at)
    given = event.attributes
    row["attributes"] = None if given is None else orjson.dumps(given, default=str).decode()
    return row


def _broken(table: pa.Table) -> dict[int, tuple[str, str]]:
    found: dict[int, tuple[str, str]] = {}
    for violation in _CANONICAL.violations(table):
        for position in pc.indices_nonzero(pc.fill_null(violation.bad, False)).to_pylist():
            found.setdefault(position, (violation.column, violation.expected))
    return found


def _against_contract(index: int, event: EventIn, column: str, expected: str) -> Rejection:
    received = str(getattr(event, column))
    return Rejection(
        index=index, event_id=event.event_id, where=column, expected=expected, received=received
    )


def _receipt(post: Post, accepted: int, rejections: list[Rejection]) -> EventsReceipt:
    received = len(post.events) + len(post.rejections)
    rejections.sort(key=lambda rejection: rejection.index)
    return EventsReceipt(
        received=received,
        accepted=accepted,
        duplicate=received - accepted - len(rejections),
        rejected=len(rejections),
        rejections=rejections,
    )
