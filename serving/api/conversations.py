"""Conversations over HTTP: a page of them, and what was said in one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import ibis
from ibis import _

from features.text.pii.mask import mask
from insights.analyzed import Analysis, analyses
from insights.filters import Filters
from insights.listing import listed, transcript
from insights.listing import one as conversation
from insights.splits import shown_times
from insights.tables import Tables
from serving.api.conversation_schemas import ConversationsQuestion
from serving.api.insights import encoded, query, records, usable
from serving.errors import UnknownConversationError

_URL = "/v1/conversations"
_DIRECTIONS = {"customer": "in", "agent": "out", "bot": "out", "system": "system"}


def page(tables: Tables, question: ConversationsQuestion) -> bytes:
    """Return conversations as JSON (``Conversations``)."""
    with usable():
        rows = listed(tables, question.filters)
    if question.waiting is not None:
        waits = _.waiting_minutes.notnull()
        rows = rows.filter(waits if question.waiting else ~waits)
    column = question.sort.removeprefix("-")
    falling = ibis.desc if column != question.sort else ibis.asc
    ordered = rows.order_by(falling(column, nulls_first=False), "conversation_id")
    total = int(rows.count().to_pandas())
    found = shown_times(ordered.limit(question.limit, offset=question.offset))
    following = question.offset + question.limit
    told = {"waiting": question.waiting, "sort": question.sort, "limit": question.limit}
    more = f"{_URL}?{query(question.filters, **told, offset=following)}"
    body = {
        "total": total,
        "next": more if following < total else None,
        "conversations": records(found),
    }
    return encoded(body)


def one(tables: Tables, conversation_id: str, limit: int, offset: int) -> bytes:
    """Return one conversation with its messages as JSON (``Transcript``).

    Raises
    ------
    UnknownConversationError
        If there is none of this id in which anybody spoke.
    """
    found = records(conversation(tables, conversation_id))
    if not found:
        raise UnknownConversationError(
            f"There is no conversation {conversation_id!r}.",
            expected="a conversation_id as GET /v1/conversations lists them",
            received=repr(conversation_id),
            todo="Look for it with GET /v1/conversations.",
        )
    said = transcript(tables, conversation_id, limit=limit + 1, offset=offset)
    heard = [row["message_id"] for row in said[:limit] if not row["recalled"]]
    found_in = analyses(tables.workspace, heard)
    asked = query(Filters(), limit=limit, offset=offset + limit)
    body = {
        "conversation": found[0],
        "next": f"{_URL}/{quote(conversation_id)}?{asked}" if len(said) > limit else None,
        "messages": [_said(row, found_in) for row in said[:limit]],
    }
    return encoded(body)


def _said(row: dict[str, Any], found_in: Mapping[str, Analysis]) -> dict[str, object]:
    direction = _DIRECTIONS[row["sender_role"]]
    text = row["text"] if row["text"] and not row["recalled"] else None
    return {
        "message_id": row["message_id"],
        "at": row["occurred_at"],
        "direction": direction,
        "sender_role": row["sender_role"],
        "sender_id": row["customer_id"] if direction == "in" else row["agent_id"],
        "kind": row["kind"],
        "text": mask(text) if text else None,
        "reply_to": row["reply_to"],
        "recalled": row["recalled"],
        "private": row["private"],
        "analysis": found_in.get(row["message_id"]),
    }
