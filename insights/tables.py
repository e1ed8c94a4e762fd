"""What findings read: chats as conversations, and the texts that were analyzed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import ibis
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from ibis import _
from ibis.expr.types import Table

from ingest.stitching.reading import one_person
from ingest.stitching.record import canonical_customer
from ingest.store import Store
from ingest.workspace import Workspace
from insights.conversations.renewal import FOLLOWED, renew
from insights.conversations.tables import ChatTables, open_chats
from insights.functions import json_text
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
QUESTION_COLUMNS = ["text_id", "start", "question", "group_id"]
_FEW = 100_000  # messages that are renewed in any case before tables are made anew
_JOINED, _SORTED = "identities", "labels of texts"
_EVERYWHERE = (_JOINED, _SORTED)  # a change of these may concern every room


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
    _made: dict[str, tuple[object, object, Any]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    _lasting: dict[str, tuple[ChatTables, Any]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def chats(self) -> ChatTables:
        """Conversations, turns and replies as of now: computed once, then renewed room by room."""
        store = Store(self.workspace.store)
        versions = {table: store.version(table) for table in (*FOLLOWED, _JOINED)}
        versions[_SORTED] = self._labels.stat().st_mtime_ns if self._labels.exists() else None
        if self._kept and self._kept[0].versions == versions:
            return self._kept[0].chats
        kept = self._kept.pop() if self._kept else None  # put back only if all went well
        self._kept.append(self._renewed(kept, store, versions))
        return self._kept[0].chats

    def _renewed(self, kept: _Kept | None, store: Store, versions: dict[str, int | None]) -> _Kept:
        if kept is not None and all(kept.versions[of] == versions[of] for of in _EVERYWHERE):
            size = int(kept.chats.messages.count().to_pandas())
            if kept.renewed <= max(size, _FEW):
                changed = [name for name in FOLLOWED if kept.versions[name] != versions[name]]
                again = renew(kept.chats, store, self.settings, changed)
                return _Kept(kept.chats, versions, kept.renewed + again)
        sorted_texts = self._sorted() if versions[_SORTED] is not None else None
        return _Kept(open_chats(store, self.settings, sorted_texts), versions)

    @property
    def _labels(self) -> Path:
        return self.workspace.features / "text" / "labels.parquet"

    def _sorted(self) -> pa.Table:
        """Return where each text belongs: text_id, label."""
        wanted = pc.field("taxonomy") == self.settings.taxonomy
        return pq.read_table(self._labels, columns=["text_id", "label"], filters=wanted)

    @property
    def kept_as_views(self) -> bool:
        """Whether what findings ask of these tables may be kept as views of the database."""
        return True

    def segments(self) -> Table:
        """Return the segment of each customer who has one: customer_id, segment."""
        mark = (self.settings.segmented_by, Store(self.workspace.store).version("customers"))
        return self.once("segments", mark, self._segments)

    def _segments(self) -> Table:
        chats = self.chats
        connection = chats.connection
        connection.con.register(
            "stored_customers", Store(self.workspace.store).dataset("customers")
        )
        told = connection.table("stored_customers").select(
            "customer_id", segment=json_text(_.attributes, f"$.{self.settings.segmented_by}")
        )
        known = self.one_person(told.filter(_.segment.notnull()))
        return known.group_by("customer_id").agg(segment=_.segment.min()).cache()

    def one_person(self, rows: Table) -> Table:
        """Return rows with every customer under the id they are counted by."""
        return one_person(rows, self.chats.people)

    def questions(self) -> Table:
        """Return every question that customers asked, with the most typical one of its group.

        Raises
        ------
        FileNotFoundError
            If no questions of this workspace were grouped yet.
        """
        folder = self.workspace.features / "text"
        asked, groups = folder / "questions.parquet", folder / "question_groups.parquet"
        if not (asked.exists() and groups.exists()):
            raise FileNotFoundError(
                f"no grouped questions at {asked}: "
                f"run `python -m features workspace={self.workspace.name}` first"
            )
        rows = ibis.memtable(pq.read_table(asked, columns=QUESTION_COLUMNS))
        typical = pq.read_table(groups, columns=["group_id", "language", "question"])
        named = ibis.memtable(typical).rename(typical="question")
        return rows.inner_join(named, "group_id")

    def once(self, name: str, mark: object, make: Callable[[], T]) -> T:
        """Return what ``make`` gave for this mark and this store, anew when either changed.

        Parameters
        ----------
        name : str
            Of what is kept.
        mark : object
            Changes whenever it has to be made anew.
        make : callable
            Makes it.
        """
        assert self.chats  # noqa: S101 - brings the versions up to date
        versions = dict(self._kept[0].versions)
        known = self._made.get(name)
        if known is None or known[0] != versions or known[1] != mark:
            known = self._made[name] = (versions, mark, make())
        value: T = known[2]
        return value

    def lasting(self, name: str, make: Callable[[], T]) -> T:
        """Return what ``make`` gave for the present chat tables, which are renewed in place."""
        chats = self.chats
        known = self._lasting.get(name)
        if known is None or known[0] is not chats:
            known = self._lasting[name] = (chats, make())
        value: T = known[1]
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
