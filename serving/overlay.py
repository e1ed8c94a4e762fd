"""Events that are newer than the served model, kept in memory so that the next answer uses them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from threading import Lock
from typing import NamedTuple

import numpy as np
import pyarrow.compute as pc
from scipy.sparse import csr_matrix

from ingest.store import Store
from training.ids import IdMap


class Seen(NamedTuple):
    """One event about an item, as far as recommendations need it."""

    event_id: str
    customer_id: str
    kind: str
    item_id: str | None
    value: float | None = None


class Overlay:
    """Counts of new events by customer and item; safe to use from several threads.

    Parameters
    ----------
    items : IdMap
        Items of the served model. Events about other items are ignored.
    kinds : collection of str
        Event kinds that the model counts as an interaction.
    min_value : float, optional
        Events with a lower value, or none, do not count (ratings of 4 and 5, say).
    """

    def __init__(
        self, items: IdMap, kinds: Collection[str], min_value: float | None = None
    ) -> None:
        self._items = items
        self._kinds = frozenset(kinds)
        self._min_value = min_value
        self._counts: dict[str, Counter[int]] = {}
        self._event_ids: set[str] = set()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._event_ids)

    def __contains__(self, customer_id: object) -> bool:
        return customer_id in self._counts

    def add(self, events: Sequence[Seen]) -> int:
        """Take in events; those known by id, of other kinds or about unknown items change nothing.

        Returns
        -------
        int
            How many events were new here.
        """
        usable = [event for event in events if self._counts_for(event)]
        if not usable:
            return 0
        numbers = self._items.numbers([str(event.item_id) for event in usable], missing="negative")
        added = 0
        with self._lock:
            for event, number in zip(usable, numbers.tolist(), strict=True):
                if number < 0 or event.event_id in self._event_ids:
                    continue
                self._event_ids.add(event.event_id)
                self._counts.setdefault(event.customer_id, Counter())[number] += 1
                added += 1
        return added

    def refresh(self, store: Store, since: datetime) -> int:
        """Take in every stored event that became known at or after ``since`` (UTC)."""
        wanted = (
            (pc.field("available_at") >= since)
            & pc.field("kind").isin(sorted(self._kinds))
            & pc.field("item_id").is_valid()
        )
        rows = store.read("events", list(Seen._fields), wanted)
        columns = [rows[name].to_pylist() for name in Seen._fields]
        return self.add([Seen(*values) for values in zip(*columns, strict=True)])

    def _counts_for(self, event: Seen) -> bool:
        if event.kind not in self._kinds or not event.item_id:
            return False
        return self._min_value is None or (
            event.value is not None and event.value >= self._min_value
        )

    def matrix(self, customers: Sequence[str]) -> csr_matrix | None:
        """Return the counts float32 [len(customers), n_items]; None when there are none."""
        with self._lock:
            found = [
                (row, dict(self._counts[name]))
                for row, name in enumerate(customers)
                if name in self._counts
            ]
        if not found:
            return None
        rows = np.concatenate([np.full(len(counts), row) for row, counts in found])
        columns = np.concatenate([np.fromiter(counts, np.int32) for _, counts in found])
        values = np.concatenate([np.fromiter(counts.values(), np.float32) for _, counts in found])
        shape = (len(customers), len(self._items))
        return csr_matrix((values, (rows, columns)), shape=shape, dtype=np.float32)
