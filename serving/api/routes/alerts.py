"""Alerts: what broke a rule, who took note, and for how long nobody wants to hear of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import orjson
from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime

from features.text.pii.mask import mask
from insights.alerts.desk import Desk, NoAlertError, Status
from serving.api.alert_schemas import AcknowledgeIn, Alert, Alerts, MuteIn
from serving.api.answers import json, problems
from serving.api.deps import PathId, ServiceDep
from serving.api.service import Service
from serving.errors import StateMissingError, UnknownAlertError

router = APIRouter(tags=["alerts"])
_Name = Annotated[str | None, Query(max_length=200)]
Answer = TypeVar("Answer")
_Since = Annotated[AwareDatetime | None, Query(description="Raised then or later.")]


@router.get(
    "/v1/alerts",
    response_model=Alerts,
    responses=problems(422, 503),
    summary="Alerts, newest first",
)
async def alerts(
    service: ServiceDep,
    *,
    status: Annotated[Status | None, Query(description="open: nobody took note yet.")] = None,
    rule: _Name = None,
    owner: _Name = None,
    since: _Since = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """Return what `python -m insights.alert` found."""
    desk = _desk(service)
    page = await _asked(
        service,
        lambda: desk.page(
            status=status, rule=rule, owner=owner, since=since, limit=limit, offset=offset
        ),
    )
    return json(orjson.dumps({"total": page.total, "alerts": page.alerts}))


@router.post(
    "/v1/alerts/{alert_id}/ack",
    response_model=Alert,
    responses=problems(404, 422, 503),
    summary="Take note of an alert; durable before the answer",
)
async def acknowledge(alert_id: PathId, said: AcknowledgeIn, service: ServiceDep) -> Response:
    """Say it again to correct it: the last word counts. Personal data in the note is masked."""
    desk = _desk(service)
    return await _changed(
        service,
        lambda: desk.acknowledge(
            alert_id, by=said.by, note=mask(said.note), false_alarm=said.false_alarm
        ),
    )


@router.post(
    "/v1/alerts/{alert_id}/mute",
    response_model=Alert,
    responses=problems(404, 422, 503),
    summary="Tell nobody about an alert's rule and group until a moment; durable before the answer",
)
async def mute(alert_id: PathId, said: MuteIn, service: ServiceDep) -> Response:
    """Send a moment in the past to end a mute. Personal data in the note is masked."""
    desk = _desk(service)
    return await _changed(
        service,
        lambda: desk.mute(alert_id, until=said.until, by=said.by, note=mask(said.note)),
    )


def _desk(service: Service) -> Desk:
    return Desk(service.settings.folders)


async def _asked(service: Service, ask: Callable[[], Answer]) -> Answer:
    try:
        return await service.read(ask)
    except ConnectionError as error:
        raise StateMissingError(
            "The database that keeps alerts does not answer.",
            expected="the PostgreSQL server that state.url or HUAXIANG_STATE_URL names",
            received="none",
            todo="Try again; if it lasts, start the server.",
        ) from error


async def _changed(service: Service, change: Callable[[], dict[str, Any]]) -> Response:
    try:
        found = await _asked(service, change)
    except NoAlertError as error:
        raise UnknownAlertError(
            "There is no alert of this id.",
            expected="the id of an alert that GET /v1/alerts shows",
            received=repr(error.alert),
            todo="Ask for the alerts of the workspace and use one of their ids.",
        ) from error
    return json(orjson.dumps(found))
