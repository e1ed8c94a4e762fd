"""Labels and corrections that people give."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Body, Response

from serving.api.answers import json, problems
from serving.api.deps import ServiceDep
from serving.api.label_schemas import LabelIn, LabelsReceipt
from serving.api.labels import MAX_LABELS

router = APIRouter(tags=["labels"])

_EXAMPLE: dict[str, Any] = {
    "requestBody": {
        "content": {"application/json": {"example": LabelIn.model_json_schema()["examples"]}}
    }
}
Labels = Annotated[list[LabelIn], Body(min_length=1, max_length=MAX_LABELS)]


@router.post(
    "/v1/labels",
    response_model=LabelsReceipt,
    responses=problems(422),
    openapi_extra=_EXAMPLE,
    summary="Store labels and corrections; durable before the answer",
)
async def post_labels(labels: Labels, service: ServiceDep) -> Response:
    """Send labels again when in doubt: a `label_id` that was stored is counted as duplicate.

    All labels of a request are stored, or none with the reason. Personal data in texts is masked.
    The next `python -m training task=classifier` learns from them.
    """
    receipt = await service.accept_labels(labels)
    return json(orjson.dumps(receipt.model_dump()))
