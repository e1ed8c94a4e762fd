"""What is known about a customer."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Response

from serving.api.answers import json, problems
from serving.api.deps import PathId, ServiceDep
from serving.api.schemas import Profile
from serving.profiles import card

router = APIRouter(tags=["customers"])


@router.get(
    "/v1/customers/{customer_id}/profile",
    response_model=Profile,
    responses=problems(404, 422, 503),
    summary="The readable profile of one customer",
)
async def profile(
    customer_id: PathId,
    service: ServiceDep,
    vectors: Annotated[bool, Query(description="Add the profile's vectors.")] = False,
) -> Response:
    """Return what is known; `simulated` tells whether simulated texts are part of it."""
    found = await service.read(
        lambda: card(service.features.reader().customer_online, customer_id, vectors)
    )
    body = {
        "customer_id": found.customer_id,
        "traits": found.traits,
        "simulated": found.simulated_share > 0,
        "message": found.message,
        "vectors": found.vectors,
    }
    return json(orjson.dumps(body))
