"""Conversations: a list to look through, and what was said in one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from serving.api.answers import json, problems
from serving.api.conversation_schemas import Conversations, ConversationsQuestion, Transcript
from serving.api.conversations import one, page
from serving.api.deps import ServiceDep

router = APIRouter(tags=["conversations"])
ConversationId = Annotated[str, Path(min_length=1, max_length=500)]
Limit = Annotated[int, Query(ge=1, le=1000, description="How many messages.")]
Offset = Annotated[int, Query(ge=0, description="How many messages are skipped.")]


@router.get(
    "/v1/conversations",
    response_model=Conversations,
    responses=problems(422, 503),
    summary="Conversations, filtered, sorted, page by page",
)
async def list_conversations(
    question: Annotated[ConversationsQuestion, Query()], service: ServiceDep
) -> Response:
    """One row a conversation that was opened in the range: `total` is what `volume` counts.

    `channel`, `agent`, `customer`, `source`, `sentiment` and `label` may be given several times;
    `sentiment=negative` keeps conversations in which a customer wrote at least one such text.
    """
    return json(await service.insights.ask(lambda tables: page(tables, question)))


@router.get(
    "/v1/conversations/{conversation_id:path}",
    response_model=Transcript,
    responses=problems(404, 422),
    summary="One conversation and what was said in it",
)
async def get_conversation(
    conversation_id: ConversationId, service: ServiceDep, limit: Limit = 200, offset: Offset = 0
) -> Response:
    """Personal data in texts is masked; recalled messages are shown without their text."""
    return json(
        await service.insights.ask(lambda tables: one(tables, conversation_id, limit, offset))
    )
