"""What findings read: chats as conversations, and the texts that were analyzed."""

from __future__ import annotations

from dataclasses import dataclass, field

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

    @property
    def chats(self) -> ChatTables:
        """Conversations, turns and replies, computed anew whenever the store has a new version."""
        store = Store(self.workspace.store)
        versions = tuple(store.version(table) for table in _READ)
        if versions not in self._kept:
            self._kept.clear()
            self._kept[versions] = open_chats(store, self.settings)
        return self._kept[versions]

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
