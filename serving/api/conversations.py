"""Conversations over HTTP: a page of them, and what was said in one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from features.text.pii.mask import mask
from insights.analyzed import Analysis, analyses
from insights.filters import Filters
from insights.listing import one as conversation
from insights.listing import page as conversations
from insights.listing import transcript
from insights.tables import Tables
from serving.api.conversation_schemas import ConversationsQuestion
from serving.api.insights import encoded, query, records, usable
from serving.errors import UnknownConversationError

_URL = "/v1/conversations"
_DIRECTIONS = {"customer": "in", "agent": "out", "bot": "out", "system": "system"}


def page(tables: Tables, question: ConversationsQuestion) -> bytes:
    """Return conversations as JSON (``Conversations``)."""
    with usable():
        total, found = conversations(
            tables,
            question.filters,
            sort=question.sort,
            waiting=question.waiting,
            limit=question.limit,
            offset=question.offset,
        )
    told = {"waiting": question.waiting, "sort": question.sort, "limit": question.limit}
    following = question.offset + question.limit
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
