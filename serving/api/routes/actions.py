"""Action items: what is done about a number, by whom, until when, and what it changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from features.text.pii.mask import mask
from insights.actions.effect import Effect, effect
from insights.actions.item import Action, Measure, Status
from insights.actions.register import Actions, NoActionError
from insights.alerts.desk import NoAlertError
from insights.registry import find
from insights.tables import Tables
from serving.api.action_schemas import (
    ActionChangeIn,
    ActionDetail,
    ActionIn,
    ActionList,
    ActionOut,
    EffectOut,
    SideOut,
)
from serving.api.answers import json, problems
from serving.api.deps import PathId, ServiceDep
from serving.api.insights import usable
from serving.api.service import Service
from serving.errors import UnknownActionError, UnknownAlertError, UnknownInsightError

router = APIRouter(tags=["actions"])
_Name = Annotated[str | None, Query(max_length=200)]
R = TypeVar("R", bound=BaseModel)


@router.get(
    "/v1/actions",
    response_model=ActionList,
    responses=problems(422),
    summary="Action items with what each changed, the most pressing first",
)
async def actions(
    service: ServiceDep,
    *,
    status: Annotated[Status | None, Query()] = None,
    owner: _Name = None,
    overdue: Annotated[bool, Query(description="Only those that are late.")] = False,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """Effects are measured when they are asked for: they are those of the records there are."""
    register = Actions(service.settings.folders)

    def listed(tables: Tables) -> ActionList:
        kept = [
            item
            for item in register.every()
            if status in (None, item.status)
            and owner in (None, item.owner)
            and (not overdue or _late(item))
        ]
        page = kept[offset : offset + limit]
        return ActionList(total=len(kept), actions=[_shown(item, tables) for item in page])

    return await _answered(service, listed)


@router.post(
    "/v1/actions",
    response_model=ActionDetail,
    responses=problems(404, 422),
    summary="Open an action item; durable before the answer",
)
async def open_action(said: ActionIn, service: ServiceDep) -> Response:
    """From a row of an insight (``measure``), an alert or a need; personal data is masked."""
    register = Actions(service.settings.folders)

    def opened(tables: Tables) -> ActionDetail:
        _measurable(said.measure, tables)
        item = register.open(**_told(said))
        return _detail(register, item.id, tables)

    return await _answered(service, opened)


@router.get(
    "/v1/actions/{action_id}",
    response_model=ActionDetail,
    responses=problems(404, 422),
    summary="One action item, its history and what it changed",
)
async def get_action(action_id: PathId, service: ServiceDep) -> Response:
    """Its effect compares up to 28 days before and after it began."""
    register = Actions(service.settings.folders)
    return await _answered(service, lambda tables: _detail(register, action_id, tables))


@router.post(
    "/v1/actions/{action_id}/changes",
    response_model=ActionDetail,
    responses=problems(404, 422),
    summary="Change an action item; durable before the answer",
)
async def change_action(action_id: PathId, said: ActionChangeIn, service: ServiceDep) -> Response:
    """Leave what is not named as it was; personal data in texts is masked."""
    register = Actions(service.settings.folders)

    def changed(tables: Tables) -> ActionDetail:
        _measurable(said.measure, tables)
        register.change(action_id, **_told(said))
        return _detail(register, action_id, tables)

    return await _answered(service, changed)


async def _answered(service: Service, work: Callable[[Tables], R]) -> Response:
    def told(tables: Tables) -> R:
        with _known(), usable():
            return work(tables)

    return json((await service.insights.ask(told)).model_dump_json().encode())


@contextmanager
def _known() -> Iterator[None]:
    try:
        yield
    except NoActionError as error:
        raise UnknownActionError(
            "There is no action item of this id.",
            expected="the id of an item that GET /v1/actions shows",
            received=repr(error.action),
            todo="Ask for the action items and use one of their ids.",
        ) from error
    except NoAlertError as error:
        raise UnknownAlertError(str(error), todo="GET /v1/alerts lists them.") from error


def _measurable(measure: Measure | None, tables: Tables) -> None:
    """Refuse a number that is not there, before anything is stored."""
    if measure is None:
        return
    try:
        finding = find(measure.finding, measure.family, tables)
    except LookupError as error:
        raise UnknownInsightError(
            str(error.args[0]), todo="GET /v1/insights lists them."
        ) from error
    finding.split_by(tuple(measure.group))


def _told(said: ActionChangeIn) -> dict[str, Any]:
    names = (name for name in type(said).model_fields if getattr(said, name) is not None)
    told = {name: getattr(said, name) for name in names}
    return told | {name: mask(told[name]) for name in ("title", "plan") if name in told}


def _late(item: Action) -> bool:
    return item.overdue(datetime.now(UTC).date())


def _detail(register: Actions, action: str, tables: Tables) -> ActionDetail:
    history = register.history(action)
    shown = _shown(register.one(action), tables)
    return ActionDetail(
        action=shown.action,
        overdue=shown.overdue,
        effect=shown.effect,
        unmeasured=shown.unmeasured,
        history=history,
    )


def _shown(item: Action, tables: Tables) -> ActionOut:
    found, why = None, None
    if item.measure is None:
        why = "it names no number that it shall move"
    elif item.began is None:
        why = "it has not begun"
    else:
        try:
            found = _side_by_side(effect(tables, item.measure, item.began))
        except (ValueError, LookupError, FileNotFoundError) as error:  # of this item alone
            why = str(error)
    return ActionOut(action=item, overdue=_late(item), effect=found, unmeasured=why)


def _side_by_side(found: Effect) -> EffectOut:
    sides = [SideOut(days=s.days, count=s.count, mean=s.mean) for s in (found.before, found.after)]
    return EffectOut(
        before=sides[0],
        after=sides[1],
        compared=found.compared,
        enough=found.enough,
        verdict=found.verdict,
    )
