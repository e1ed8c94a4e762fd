"""What is like an item."""

from __future__ import annotations

import orjson
from fastapi import APIRouter, Response

from serving.api.answers import json, problems
from serving.api.deps import KQuery, PathId, ReadyDep
from serving.api.schemas import SimilarItems

router = APIRouter(tags=["items"])


@router.get(
    "/v1/items/{item_id}/similar",
    response_model=SimilarItems,
    responses=problems(404, 422, 503),
    summary="Items similar to one item, by the served model",
)
async def similar(item_id: PathId, service: ReadyDep, k: KQuery = 10) -> Response:
    """Rank by a cosine: a score of 1 is equal, 0 has nothing in common."""
    engine = service.served.engine()
    found = await service.read(lambda: engine.similar(item_id, k))
    catalog = engine.catalog
    items = [
        {
            "item_id": catalog.ids[number],
            "title": catalog.titles[number],
            "score": score,
            "rank": rank,
        }
        for rank, (number, score) in enumerate(found, start=1)
    ]
    return json(orjson.dumps({"item_id": item_id, "title": engine.title(item_id), "items": items}))
