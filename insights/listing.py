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
from insights.viewed import viewed

COLUMNS = (
    *("conversation_id", "channel", "source", "customer_id", "agent", "agents", "category"),
    *("labels", "opened_at", "first_at", "last_at", "messages", "duration_minutes"),
    *("first_response_minutes", "waiting_minutes", "resolved_at", "reopens", "simulated"),
    "gap_minutes",
)
SORTS = ("opened_at", "last_at", "messages", "duration_minutes", "first_response_minutes",
         "waiting_minutes")  # fmt: skip
_WHOSE = (*BY_ROOM, "changes", "surveyed", "surveys", "labels")
_OF_ROWS = ("opened_at", "first_at", "last_at", "messages")
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
    for more in (agents, labels, _answered(tables, filters), _waiting(tables, now or filters)):
        rows = _with(rows, more)
    nobody = ibis.literal([], "array<string>")
    return rows.mutate(
        agents=_.agents.fill_null(nobody).sort(),
        labels=_.labels.fill_null(nobody).sort(),
        duration_minutes=minutes(_.last_at - _.first_at),
    ).select(*COLUMNS)


def page(
    tables: Tables,
    filters: Filters,
    *,
    sort: str = "-last_at",
    waiting: bool | None = None,
    limit: int,
    offset: int = 0,
) -> tuple[int, list[dict[str, Any]]]:
    """Return how many conversations :func:`listed` has, and some of its rows in order.

    The ids of the page are looked for first, with no more than the order needs; then its rows. A
    filtered page of a million messages takes a tenth of a second that way, not seconds.

    Parameters
    ----------
    tables : Tables
        Records of one business.
    filters : Filters
        Which conversations; ``until`` is the moment at which they wait.
    sort : str
        One of :data:`SORTS`, with ``-`` before it the largest or latest first; unknown ones last.
    waiting : bool, optional
        Only those that wait, or only those that do not.
    limit, offset : int
        Which of them.

    Raises
    ------
    ValueError
        If conversations cannot be filtered as asked.
    """
    column = sort.removeprefix("-")
    rows = find("volume").kept(tables, filters).select("conversation_id", *_OF_ROWS)
    if column == "first_response_minutes":
        answered = tables.once("first answers", None, lambda: _answered(tables, Filters()).cache())
        rows = _with(rows, answered)
    if column == "waiting_minutes" or waiting is not None:
        rows = _with(rows, _waiting(tables, filters))
    if waiting is not None:
        rows = rows.filter(_.waiting_minutes.notnull() == waiting)
    falling = ibis.desc if column != sort else ibis.asc
    rows = rows.mutate(duration_minutes=_.last_at - _.first_at, total=_.count().over())
    ordered = rows.order_by(falling(column, nulls_first=False), "conversation_id")
    found = ordered.select("conversation_id", "total").limit(limit, offset=offset).to_pyarrow()
    if not found.num_rows:
        return int(rows.count().to_pandas()) if offset else 0, []
    ids = found["conversation_id"].to_pylist()
    return found["total"][0].as_py(), _told(tables, ids, filters.now())


def one(tables: Tables, conversation_id: str) -> list[dict[str, Any]]:
    """Return the row that :func:`listed` has of one conversation; empty if there is none.

    Times are moments in UTC.
    """
    return _told(tables, [conversation_id], datetime.now(UTC))


def _told(tables: Tables, ids: list[str], now: datetime) -> list[dict[str, Any]]:
    """Return the rows of some conversations, in order, as they wait at ``now``.

    Only what belongs to them is read. The query is written once for each set of tables and kept:
    writing it takes far longer than answering it.
    """
    database = tables.chats.connection.con
    query = tables.lasting("some conversations", lambda: _query_of_some(tables))
    asked = {"conversations": ids, "now": microseconds(now)}
    rows: list[dict[str, Any]] = database.execute(query, asked).to_arrow_table().to_pylist()
    places = {name: place for place, name in enumerate(ids)}
    return sorted(rows, key=lambda row: places[row["conversation_id"]])


def _query_of_some(tables: Tables) -> str:
    """Return SQL with the parameters ``conversations`` and ``now`` that answers :func:`_told`."""
    seen = _Some(tables.workspace, tables.settings, tables)
    written = str(ibis.to_sql(moments(listed(seen, Filters(), now=_EVER)), dialect="duckdb"))
    ever = str(microseconds(_EVER.now()))
    assert ever in written  # noqa: S101 - else `now` would be that of the first question
    wanted = f"IN ('{_ANY}')"
    assert wanted in written  # noqa: S101 - else every conversation would be read
    ids = "IN (SELECT unnest($conversations::VARCHAR[]))"
    return written.replace(wanted, ids).replace(ever, "$now::BIGINT")


@dataclass(frozen=True)
class _Some(Tables):
    """The same records, of which those of the conversations that are asked for are seen."""

    whole: Tables | None = None

    @property
    def kept_as_views(self) -> bool:
        """No: the query has to show what its parameters replace."""
        return False

    @property
    def chats(self) -> ChatTables:
        """The rows of the conversations in every table."""
        assert self.whole is not None  # noqa: S101 - given by `_query_of_some`
        every = self.whole.chats
        mine = {
            name: getattr(every, name).filter(_.conversation_id.isin([_ANY])) for name in _WHOSE
        }
        return replace(every, **mine)


def _answered(tables: Tables, filters: Filters) -> Table:
    answers = _members(find("first_response_time"), tables, filters).filter(_.cycle == 0)
    return answers.select("conversation_id", first_response_minutes="value")


def _waiting(tables: Tables, filters: Filters) -> Table:
    waits = _members(find("waiting_now"), tables, filters)
    return waits.select("conversation_id", waiting_minutes="value")


def _with(rows: Table, more: Table) -> Table:
    return rows.left_join(more, "conversation_id").drop("conversation_id_right")


def _members(finding: Finding, tables: Tables, filters: Filters) -> Table:
    return viewed(finding.members(tables, filters), tables).filter(_.value.notnull())


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
