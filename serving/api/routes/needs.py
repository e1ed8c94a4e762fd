"""Needs: what customers want changed, in their words, and what is decided about it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from features.text.pii.mask import mask
from insights.journal import now
from insights.needs.cards import known_needs, need_cards
from insights.needs.priority import preset_named
from insights.needs.register import Decision, Register
from insights.tables import Tables
from serving.api.answers import json, problems
from serving.api.deps import PathId, ServiceDep
from serving.api.insights import usable
from serving.api.need_schemas import DecisionIn, Decisions, Needs, NeedsQuestion
from serving.errors import UnknownNeedError

router = APIRouter(tags=["needs"])


@router.get(
    "/v1/needs",
    response_model=Needs,
    responses=problems(422, 503),
    summary="Needs of customers, the most urgent first",
)
async def list_needs(question: Annotated[NeedsQuestion, Query()], service: ServiceDep) -> Response:
    """Read from analyzed texts; each need is quoted, and nothing in a quote tells who wrote it."""

    def cards(tables: Tables) -> Needs:
        ranked_by = None if question.preset is None else preset_named(question.preset)
        with usable():
            found = need_cards(tables, question.filters, priority=ranked_by)
        page = found[question.offset : question.offset + question.limit]
        return Needs(total=len(found), needs=page)

    return json((await service.insights.ask(cards)).model_dump_json().encode())


@router.get(
    "/v1/needs/{need}/decisions",
    response_model=Decisions,
    responses=problems(422),
    summary="What was decided about a need",
)
async def decisions(need: PathId, service: ServiceDep) -> Response:
    """Oldest first; empty where nothing was decided."""
    register = Register(service.settings.folders)
    found = await service.read(lambda: register.decisions(need))
    return json(Decisions(decisions=found).model_dump_json().encode())


@router.post(
    "/v1/needs/{need}/decisions",
    response_model=Decisions,
    responses=problems(404, 422, 503),
    summary="Decide about a need; durable before the answer",
)
async def decide(need: PathId, said: DecisionIn, service: ServiceDep) -> Response:
    """Name an owner, a plan, a date or where it stands; personal data in the plan is masked."""
    register = Register(service.settings.folders)

    def add(tables: Tables) -> Decisions:
        with usable():
            known = bool(register.decisions(need)) or need in known_needs(tables)
            if not known:
                raise UnknownNeedError(
                    "No text carries this need.",
                    expected="the id of a need that GET /v1/needs shows",
                    received=repr(need),
                    todo="Ask for the needs of the workspace and use one of their ids.",
                )
            told = said.model_dump(exclude_none=True)
            told |= {"plan": mask(said.plan)} if said.plan else {}
            register.add(Decision(need=need, at=now(), **told))
        return Decisions(decisions=register.decisions(need))

    return json((await service.insights.ask(add)).model_dump_json().encode())
