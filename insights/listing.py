"""Conversations one by one: a row for each, and what was said in one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import ibis
import pyarrow.compute as pc
from ibis import _
from ibis.expr.types import Table

from ingest.store import Store
from insights.conversations.tables import BY_ROOM, ChatTables
from insights.filters import Filters, microseconds
from insights.finding import Finding
from insights.functions import minutes
from insights.registry import find
from insights.splits import moments
from insights.tables import Tables

COLUMNS = (
    *("conversation_id", "channel", "source", "customer_id", "agent", "agents", "category"),
    *("labels", "opened_at", "first_at", "last_at", "messages", "duration_minutes"),
    *("first_response_minutes", "waiting_minutes", "resolved_at", "reopens", "simulated"),
    "gap_minutes",
)
SORTS = ("opened_at", "last_at", "messages", "duration_minutes", "first_response_minutes",
         "waiting_minutes")  # fmt: skip
_WHOSE = (*BY_ROOM, "changes", "surveyed", "surveys", "labels")
_ANY, _EVER = "any conversation", Filters(until=datetime(2999, 9, 9, 9, 9, 9, 123457, tzinfo=UTC))
_SAID = ("message_id", "sender_role", "customer_id", "agent_id", "kind", "text", "reply_to",
         "recalled", "private", "occurred_at")  # fmt: skip


def listed(tables: Tables, filters: Filters, now: Filters | None = None) -> Table:
    """Return one row a conversation: :data:`COLUMNS`, times in microseconds.

    They are those that ``volume`` counts. ``agents`` are all who publicly replied, ``agent`` the
    last of them; ``first_response_minutes`` is the first value of ``first_response_time``,
    ``waiting_minutes`` that of ``waiting_now`` at the end of ``now`` (else of ``filters``), null
    where nobody waits.

    Raises
    ------
    ValueError
        If conversations cannot be filtered as asked.
    """
    chats = tables.chats
    rows = find("volume").rows(tables, filters).drop("value")
    replied = chats.messages.filter((_.what == "human") & _.agent_id.notnull())
    agents = replied.group_by("conversation_id").agg(agents=_.agent_id.collect(distinct=True))
    labels = chats.labels.group_by("conversation_id").agg(labels=_.label.collect(distinct=True))
    answers = _members(find("first_response_time"), tables, filters).filter(_.cycle == 0)
    answered = answers.select("conversation_id", first_response_minutes="value")
    waits = _members(find("waiting_now"), tables, now or filters)
    waiting = waits.select("conversation_id", waiting_minutes="value")
    for more in (agents, labels, answered, waiting):
        rows = rows.left_join(more, "conversation_id").drop("conversation_id_right")
    nobody = ibis.literal([], "array<string>")
    return rows.mutate(
        agents=_.agents.fill_null(nobody).sort(),
        labels=_.labels.fill_null(nobody).sort(),
        duration_minutes=minutes(_.last_at - _.first_at),
    ).select(*COLUMNS)


def one(tables: Tables, conversation_id: str) -> list[dict[str, Any]]:
    """Return the row that :func:`listed` has of one conversation; empty if there is none.

    Only what belongs to it is read. The query is written once for each set of tables and kept:
    writing it takes far longer than answering it. Times are moments in UTC.
    """
    database = tables.chats.connection.con
    query = tables.lasting("one conversation", lambda: _query_of_one(tables))
    asked = {"conversation": conversation_id, "now": microseconds(datetime.now(UTC))}
    rows: list[dict[str, Any]] = database.execute(query, asked).to_arrow_table().to_pylist()
    return rows


def _query_of_one(tables: Tables) -> str:
    """Return SQL with the parameters ``conversation`` and ``now`` that answers :func:`one`."""
    seen = _One(tables.workspace, tables.settings, tables, _ANY)
    written = str(ibis.to_sql(moments(listed(seen, Filters(), now=_EVER)), dialect="duckdb"))
    ever = str(microseconds(_EVER.now()))
    assert ever in written  # noqa: S101 - else `now` would be that of the first question
    return written.replace(f"'{_ANY}'", "$conversation").replace(ever, "$now::BIGINT")


@dataclass(frozen=True)
class _One(Tables):
    """The same records, of which those of one conversation are seen."""

    whole: Tables | None = None
    conversation_id: str = ""

    @property
    def kept_as_views(self) -> bool:
        """No: the query has to show what its parameters replace."""
        return False

    @property
    def chats(self) -> ChatTables:
        """The rows of the conversation in every table."""
        assert self.whole is not None  # noqa: S101 - given by `one`
        every = self.whole.chats
        mine = {
            name: getattr(every, name).filter(_.conversation_id == self.conversation_id)
            for name in _WHOSE
        }
        return replace(every, **mine)


def _members(finding: Finding, tables: Tables, filters: Filters) -> Table:
    return finding.members(tables, filters).filter(_.value.notnull())


def transcript(
    tables: Tables, conversation_id: str, *, limit: int, offset: int = 0
) -> list[dict[str, Any]]:
    """Return messages of one conversation in order, hidden ones too; texts are not masked.

    Parameters
    ----------
    tables : Tables
        Records of one business.
    conversation_id : str
        As :func:`listed` has it: the id of a session where the source has no conversations.
    limit, offset : int
        Which of them.

    Returns
    -------
    list of dict
        message_id, sender_role, customer_id, agent_id, kind, text, reply_to, recalled, private,
        occurred_at.
    """
    told = tables.chats.messages.filter(_.conversation_id == conversation_id)
    page = told.order_by("at", "message_id").limit(limit, offset=offset).to_pyarrow().to_pylist()
    if not page:
        return []
    places = {row["message_id"]: place for place, row in enumerate(page)}
    wanted = pc.field("conversation_id").isin(sorted({row["room"] for row in page}))
    wanted &= pc.field("occurred_at") >= _moment(page[0]["at"])
    wanted &= pc.field("occurred_at") <= _moment(page[-1]["at"])
    said = Store(tables.workspace.store).read("messages", _SAID, wanted).to_pylist()
    known = [row for row in said if row["message_id"] in places]
    return sorted(known, key=lambda row: places[row["message_id"]])


def _moment(at: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
