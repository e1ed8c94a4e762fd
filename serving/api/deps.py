"""Typed dependencies of the routes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Path, Query, Request
from pydantic import AwareDatetime

from serving.api.schemas import AT, CHANNEL, HOUR, WEEKDAY
from serving.api.service import Service
from serving.ranked import Options
from serving.reasons import Language
from training.models.context import Context


async def get_service(request: Request) -> Service:
    """Return the state of this application."""
    service: Service = request.app.state.service
    return service


async def get_ready(request: Request) -> Service:
    """Return the state of this application once the champion is loaded.

    Raises
    ------
    NotReadyError
        If it is not; answered with 503, the reason and what to do.
    """
    service: Service = request.app.state.service
    service.served.engine()
    return service


async def get_context(
    at: Annotated[AwareDatetime | None, Query(description=AT)] = None,
    hour: Annotated[int | None, Query(ge=0, le=23, description=HOUR)] = None,
    weekday: Annotated[int | None, Query(ge=0, le=6, description=WEEKDAY)] = None,
    channel: Annotated[str | None, Query(max_length=200, description=CHANNEL)] = None,
) -> Context:
    """Return the situation of a request: what it says, and the present for what it does not."""
    return Context(at or datetime.now(UTC), channel, hour, weekday)


async def get_options(
    context: Annotated[Context, Depends(get_context)],
    exclude_seen: Annotated[
        bool | None,
        Query(
            description="Leave out items the customer already acted on; "
            "as the model's task has it when not given."
        ),
    ] = None,
    category: Annotated[
        str | None,
        Query(
            max_length=500,
            description="Only items below this category: leading levels of its path, any case.",
        ),
    ] = None,
    lang: Annotated[Language, Query(description="Language of the reasons.")] = Language.EN,
) -> Options:
    """Return the options of a recommendation from the query string."""
    return Options(exclude_seen=exclude_seen, category=category, lang=lang, context=context)


ServiceDep = Annotated[Service, Depends(get_service)]
ReadyDep = Annotated[Service, Depends(get_ready)]
OptionsDep = Annotated[Options, Depends(get_options)]
KQuery = Annotated[int, Query(ge=1, le=200, description="How many items.")]
PathId = Annotated[str, Path(min_length=1, max_length=200)]
