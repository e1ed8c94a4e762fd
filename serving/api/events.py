"""Accept events: checked against the canonical contract, durable before the answer, idempotent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from ingest.schemas import EVENTS
from ingest.store import Store
from serving.api.event_schemas import EventIn, EventsReceipt, Rejection
from serving.api.posting import Kind, Post, stored_before
from serving.overlay import Overlay, Seen

EVENT = Kind(
    one="an event",
    table=EVENTS,
    form=EventIn,
    rejection=Rejection,
    receipt=EventsReceipt,
    most_bytes=1_000_000,
)
EventPost = Post[EventIn, Rejection]


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

    def commit(self, posts: Sequence[EventPost]) -> list[EventsReceipt | Exception]:
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
        return EVENT.commit(posts, self._keep)

    def _keep(self, rows: pa.Table) -> set[str]:
        known = stored_before(self._store, EVENTS, rows)
        if self._overlay is not None:
            ids = rows["event_id"].combine_chunks()
            new = rows.filter(pc.invert(pc.is_in(ids, pa.array(sorted(known), pa.string()))))
            columns = [new[name].to_pylist() for name in Seen._fields]
            self._overlay.add([Seen(*values) for values in zip(*columns, strict=True)])
        return known
