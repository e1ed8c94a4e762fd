"""Events that come back from applications."""

from __future__ import annotations

import orjson
from fastapi import APIRouter, Request, Response

from serving.api.answers import json, problems
from serving.api.deps import ServiceDep
from serving.api.event_schemas import EventsReceipt
from serving.api.events import EVENT

router = APIRouter(tags=["events"])


@router.post(
    "/v1/events",
    response_model=EventsReceipt,
    responses=problems(422),
    openapi_extra=EVENT.body,
    summary="Store one event or many; durable before the answer",
)
async def post_events(request: Request, service: ServiceDep) -> Response:
    """Send events again when in doubt: an `event_id` that was stored is counted as duplicate.

    Good events of a list are stored even if others are rejected. When every event is rejected
    the answer is a 422. The very next recommendation uses what was stored.
    """
    receipt = await service.accept(EVENT.parse(await request.body()))
    answer = json(orjson.dumps(receipt.model_dump()))
    if receipt.rejected == receipt.received:
        answer.status_code = 422
    return answer
