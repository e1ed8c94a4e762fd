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
from insights.conversations.renewal import FOLLOWED, renew
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
_FEW = 100_000
_JOINED = "identities"  # who is who: a change may concern every room


@dataclass
class _Kept:
    """Chat tables with the versions of the store they show."""

    chats: ChatTables
    versions: dict[str, int | None]
    renewed: int = 0  # messages computed again: their former rows still take room


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
    _kept: list[_Kept] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def chats(self) -> ChatTables:
        """Conversations, turns and replies as of now: computed once, then renewed room by room."""
        store = Store(self.workspace.store)
        versions = {table: store.version(table) for table in (*FOLLOWED, _JOINED)}
        if self._kept and self._kept[0].versions == versions:
            return self._kept[0].chats
        kept = self._kept.pop() if self._kept else None  # put back only if all went well
        self._kept.append(self._renewed(kept, store, versions))
        return self._kept[0].chats

    def _renewed(self, kept: _Kept | None, store: Store, versions: dict[str, int | None]) -> _Kept:
        if kept is not None and kept.versions[_JOINED] == versions[_JOINED]:
            size = int(kept.chats.messages.count().to_pandas())
            if kept.renewed <= max(size, _FEW):
                changed = [name for name in FOLLOWED if kept.versions[name] != versions[name]]
                again = renew(kept.chats, store, self.settings, changed)
                return _Kept(kept.chats, versions, kept.renewed + again)
        return _Kept(open_chats(store, self.settings), versions)

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
