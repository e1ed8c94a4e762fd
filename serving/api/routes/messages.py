"""Chat messages that applications and other programs send."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Request, Response

from serving.api.answers import json, problems
from serving.api.deps import ServiceDep
from serving.api.message_schemas import ChatlogBody, MessagesReceipt, WebhookReceipt
from serving.api.messages import MESSAGE

router = APIRouter(tags=["messages"])
Token = Annotated[str | None, Query(max_length=200, description="As chatlog.token is set.")]


@router.post(
    "/v1/messages",
    response_model=MessagesReceipt,
    responses=problems(422),
    openapi_extra=MESSAGE.body,
    summary="Store one chat message or many; durable before the answer",
)
async def post_messages(request: Request, service: ServiceDep) -> Response:
    """Send messages again when in doubt: a `message_id` that was stored is counted as duplicate.

    Good messages of a list are stored even if others are rejected. When every message is rejected
    the answer is a 422. The next report counts what was stored.
    """
    receipt = await service.accept_messages(MESSAGE.parse(await request.body()))
    answer = json(orjson.dumps(receipt.model_dump()))
    if receipt.rejected == receipt.received:
        answer.status_code = 422
    return answer


@router.post(
    "/v1/webhooks/chatlog",
    response_model=WebhookReceipt,
    responses=problems(403, 422),
    summary="Store what chatlog's webhook posts; durable before the answer",
)
async def post_chatlog(body: ChatlogBody, service: ServiceDep, token: Token = None) -> Response:
    """Messages that cannot be used are kept among the rejected rows, and counted.

    Set chatlog's `url` to this address with `?token=`: chatlog signs nothing. It does not send
    again what failed, so load the conversations with `python -m ingest source=chatlog` as well.
    """
    receipt = await service.accept_chatlog(body.messages, token)
    return json(orjson.dumps(receipt.model_dump()))
