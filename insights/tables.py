"""What findings read: chats as conversations, and the texts that were analyzed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import ibis
import pyarrow.parquet as pq
from ibis.expr.types import Table

from ingest.stitching.reading import one_person
from ingest.stitching.record import canonical_customer
from ingest.store import Store
from ingest.workspace import Workspace
from insights.conversations.tables import ChatTables, open_chats
from insights.settings import InsightSettings

TEXT_COLUMNS = [
    "text_id",
    "kind",
    "source",
    "customer_id",
    "item_id",
    "occurred_at",
    "polarity",
    "sentiment",
    "topic",
]
T = TypeVar("T")
_READ = ("messages", "events", "feedback", "identities")


@dataclass(frozen=True)
class Tables:
    """Read-only view of one workspace for findings.

    Parameters
    ----------
    workspace : Workspace
        The business whose records are counted.
    settings : InsightSettings
        What the business decided about its reports.
    """

    workspace: Workspace
    settings: InsightSettings = field(default_factory=InsightSettings)
    _kept: dict[tuple[int | None, ...], ChatTables] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _made: dict[str, tuple[ChatTables, object, Any]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def chats(self) -> ChatTables:
        """Conversations, turns and replies, computed anew whenever the store has a new version."""
        store = Store(self.workspace.store)
        versions = tuple(store.version(table) for table in _READ)
        if versions not in self._kept:
            self._kept.clear()
            self._kept[versions] = open_chats(store, self.settings)
        return self._kept[versions]

    def once(self, name: str, mark: object, make: Callable[[], T]) -> T:
        """Return what ``make`` gave for this mark and these chats, anew when either changed.

        Parameters
        ----------
        name : str
            Of what is kept.
        mark : object
            Changes whenever it has to be made anew.
        make : callable
            Makes it.
        """
        chats = self.chats
        known = self._made.get(name)
        if known is None or known[0] is not chats or known[1] != mark:
            known = self._made[name] = (chats, mark, make())
        value: T = known[2]
        return value

    def texts(self) -> Table:
        """Return sentiment, polarity and topic of every review and customer message.

        Raises
        ------
        FileNotFoundError
            If no text of this workspace was analyzed yet.
        """
        file = self.workspace.features / "text" / "texts.parquet"
        if not file.exists():
            raise FileNotFoundError(
                f"no analyzed texts at {file}: "
                f"run `python -m features workspace={self.workspace.name}` first"
            )
        rows = ibis.memtable(pq.read_table(file, columns=TEXT_COLUMNS))
        return one_person(rows, canonical_customer(Store(self.workspace.store)))
