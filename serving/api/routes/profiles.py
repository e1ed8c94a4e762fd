"""Profile cards: who a customer is, and what people enter about them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime

from ingest.store import Store
from insights.profiles.editor import Editor
from insights.profiles.edits import Edit, Edited
from serving.api.answers import json, problems
from serving.api.deps import PathId, ServiceDep
from serving.api.profile_schemas import (
    AuthorIn,
    CustomerCard,
    CustomerHistory,
    EditReceipt,
    Happenings,
)
from serving.api.profiles import card_of, edit_of, feed_of, history_of, told
from serving.api.service import Service

router = APIRouter(tags=["customers"])

_EXAMPLE: dict[str, Any] = {
    "requestBody": {
        "content": {
            "application/json": {
                "example": {
                    "field": "company",
                    "value": "Lakeside Tea",
                    "author": "kim",
                    "replaces": "wecom:0b5a",
                }
            }
        }
    }
}
At = Annotated[
    AwareDatetime | None,
    Query(description="As of when conversations and interests are counted; now when not given."),
]


@router.get(
    "/v1/customers/{customer_id}",
    response_model=CustomerCard,
    responses=problems(404, 422),
    summary="The profile card of one customer",
)
async def get_card(customer_id: PathId, service: ServiceDep, at: At = None) -> Response:
    """Return fields with who said so, who added the customer, contacts and interests.

    Facts are shown as they are now: an edit shows in the very next answer. Personal data is masked.
    """
    asked = at or datetime.now(UTC)
    return json(await service.insights.ask(lambda tables: card_of(tables, customer_id, asked)))


@router.get(
    "/v1/customers/{customer_id}/history",
    response_model=CustomerHistory,
    responses=problems(404, 422),
    summary="Every statement about one customer, the newest first",
)
async def get_history(
    customer_id: PathId,
    service: ServiceDep,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """Who said what and when, on what evidence, and which row took it back."""
    store = Store(service.settings.folders.store)
    return json(await service.read(lambda: history_of(store, customer_id, limit, offset)))


@router.get(
    "/v1/customers/{customer_id}/happenings",
    response_model=Happenings,
    responses=problems(404, 422),
    summary="What one customer did toward staff, the newest first",
)
async def get_happenings(
    customer_id: PathId,
    service: ServiceDep,
    *,
    kind: Annotated[list[str] | None, Query(description="Keep these; several times.")] = None,
    leaving: Annotated[bool, Query(description="Only what breaks something off.")] = False,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """Contacts added and deleted, groups joined and left, links opened, payments, pats.

    An event that was posted a moment ago is there. What is about goods is left out.
    """
    store = Store(service.settings.folders.store)
    work = partial(feed_of, leaving=leaving, limit=limit, offset=offset)
    return json(await service.read(lambda: work(store, customer_id, kind or ())))


@router.post(
    "/v1/customers/{customer_id}/facts",
    response_model=EditReceipt,
    responses=problems(404, 409, 422),
    openapi_extra=_EXAMPLE,
    summary="Enter a field of a customer; durable before the answer",
)
async def set_field(customer_id: PathId, said: Edit, service: ServiceDep) -> Response:
    """Store a value; it wins over what was read, and `replaced` tells what stood before.

    Send as `replaces` the `fact_id` you saw, or an empty text if the field was empty: if somebody
    was faster the answer is a 409 that says who, and nothing is stored. Send an edit again with the
    same `fact_id` when in doubt: it counts once.
    """
    return await _edited(service, lambda editor: editor.set(customer_id, said))


@router.post(
    "/v1/customers/{customer_id}/facts/{fact_id}/confirm",
    response_model=EditReceipt,
    responses=problems(404, 409, 422),
    summary="Confirm a suggestion; durable before the answer",
)
async def confirm(
    customer_id: PathId, fact_id: PathId, said: AuthorIn, service: ServiceDep
) -> Response:
    """Store the suggestion as entered by a person, with the evidence it came from."""
    return await _edited(service, lambda editor: editor.confirm(customer_id, fact_id, said.author))


@router.post(
    "/v1/customers/{customer_id}/facts/{fact_id}/undo",
    response_model=EditReceipt,
    responses=problems(404, 409, 422),
    summary="Take a statement back, or an earlier undo; durable before the answer",
)
async def undo(
    customer_id: PathId, fact_id: PathId, said: AuthorIn, service: ServiceDep
) -> Response:
    """Store a retraction: what stood before stands again. Undo the retraction to restore."""
    return await _edited(service, lambda editor: editor.undo(customer_id, fact_id, said.author))


async def _edited(service: Service, change: Callable[[Editor], Edited]) -> Response:
    with told():
        return json(edit_of(await service.commits.run(lambda: change(service.profiles))))
