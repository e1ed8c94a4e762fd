"""Compliance cases: the queue, and what people find of a case."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from insights.compliance.queue import NoCaseError, judge, queue
from insights.tables import Tables
from serving.api.answers import json, problems
from serving.api.case_schemas import Case, Cases, CasesQuestion, VerdictIn
from serving.api.deps import PathId, ServiceDep
from serving.api.insights import usable
from serving.errors import UnknownCaseError

router = APIRouter(tags=["cases"])


@router.get(
    "/v1/cases",
    response_model=Cases,
    responses=problems(422, 503),
    summary="Messages of staff that break a rule, the gravest first",
)
async def cases(question: Annotated[CasesQuestion, Query()], service: ServiceDep) -> Response:
    """Open ones unless others are asked for; `finding=violations` counts the same messages."""
    verdict = None if question.verdict == "all" else question.verdict

    def asked(tables: Tables) -> Cases:
        with usable():
            found = queue(
                tables,
                question.filters,
                verdict=verdict,
                rule=question.rule,
                limit=question.limit,
                offset=question.offset,
            )
        shown = [Case.model_validate(case) for case in found.cases]
        return Cases(total=found.total, cases=shown)

    return json((await service.insights.ask(asked)).model_dump_json().encode())


@router.post(
    "/v1/cases/{case}/verdicts",
    response_model=Case,
    responses=problems(404, 422),
    summary="Confirm a case, or call it a false alarm; durable before the answer",
)
async def find(case: PathId, said: VerdictIn, service: ServiceDep) -> Response:
    """Say it again to correct it. Personal data in the note is masked."""

    def told(tables: Tables) -> Case:
        try:
            found = judge(tables, case, said.verdict, author=said.by, note=said.note)
        except NoCaseError as error:
            raise UnknownCaseError(
                "No message is a case of this id.",
                expected="the id of a case that GET /v1/cases shows",
                received=repr(error.case),
                todo="Ask for the cases (verdict=all for judged ones) and use one of their ids.",
            ) from error
        return Case.model_validate(found)

    return json((await service.insights.ask(told)).model_dump_json().encode())
