"""Insights: what there is to know, the numbers, and the records behind them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from serving.api.answers import json, problems
from serving.api.deps import PathId, ServiceDep
from serving.api.insight_schemas import (
    InsightList,
    InsightQuestion,
    InsightTable,
    Members,
    MembersQuestion,
)
from serving.api.insights import members, table

router = APIRouter(tags=["insights"])


@router.get("/v1/insights", response_model=InsightList, summary="Every insight there is")
async def list_insights(service: ServiceDep) -> Response:
    """Definition, unit, what to do about it, how to draw it, what splits and filters it."""
    return json(service.insights.registry())


@router.get(
    "/v1/insights/{name}",
    response_model=InsightTable,
    responses=problems(404, 422, 503),
    summary="The table of one insight",
)
async def get_insight(
    name: PathId, question: Annotated[InsightQuestion, Query()], service: ServiceDep
) -> Response:
    """Filter and split as with `python -m insights`; messages posted before are counted.

    `by`, `channel`, `agent`, `customer`, `source` and `label` may be given several times. The link
    `members` of a row opens into the records that its `count` counts.
    """
    return json(await service.insights.ask(lambda tables: table(tables, name, question)))


@router.get(
    "/v1/insights/{name}/members",
    response_model=Members,
    responses=problems(404, 422, 503),
    summary="The records behind one number",
)
async def get_members(
    name: PathId, question: Annotated[MembersQuestion, Query()], service: ServiceDep
) -> Response:
    """Ask with the filters of the table, and with the `group` of one of its rows."""
    return json(await service.insights.ask(lambda tables: members(tables, name, question)))
