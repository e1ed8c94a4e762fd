"""Events that come back from applications."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from serving.api.answers import json, problems
from serving.api.deps import ServiceDep
from serving.api.event_schemas import EventIn, EventsReceipt
from serving.api.events import parse

router = APIRouter(tags=["events"])

_EVENT: dict[str, Any] = EventIn.model_json_schema()
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "oneOf": [_EVENT, {"type": "array", "items": _EVENT, "minItems": 1}],
                    "title": "One event or a list of events",
                },
                "example": _EVENT["examples"][0],
            }
        },
    }
}


@router.post(
    "/v1/events",
    response_model=EventsReceipt,
    responses=problems(422),
    openapi_extra=_BODY,
    summary="Store one event or many; durable before the answer",
)
async def post_events(request: Request, service: ServiceDep) -> Response:
    """Send events again when in doubt: an `event_id` that was stored is counted as duplicate.

    Good events of a list are stored even if others are rejected. When every event is rejected
    the answer is a 422. The very next recommendation uses what was stored.
    """
    receipt = await service.accept(parse(await request.body()))
    answer = json(orjson.dumps(receipt.model_dump()))
    if receipt.rejected == receipt.received:
        answer.status_code = 422
    return answer
