"""Reports that people put together themselves: saved, listed, shown as a page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse

from insights.report import Report, render
from insights.saved import NoReportError, SavedReports
from insights.tables import Tables
from serving.api.answers import json, problems
from serving.api.deps import PathId, ServiceDep
from serving.api.insight_schemas import Selection
from serving.api.insights import usable
from serving.api.report_schemas import REPORT, SavedReport, SavedReportList
from serving.errors import UnknownInsightError, UnknownReportError

router = APIRouter(tags=["reports"])
_PAGE = "<!doctype html><html lang='en'><head><title>Morning 晨报</title></head>…</html>"


@router.get(
    "/v1/reports",
    response_model=SavedReportList,
    responses=problems(422),
    summary="Reports of the workspace's own",
)
async def reports(service: ServiceDep) -> Response:
    """List what `PUT /v1/reports/{name}` and `python -m insights save=` kept."""
    saved = SavedReports(service.settings.folders)

    def listed() -> SavedReportList:
        with usable():
            kept = [SavedReport(name=name, report=saved.read(name)) for name in saved.names()]
        return SavedReportList(reports=kept)

    return json((await service.read(listed)).model_dump_json().encode())


@router.put(
    "/v1/reports/{name}",
    response_model=SavedReport,
    responses=problems(404, 422),
    openapi_extra={"requestBody": {"content": {"application/json": {"example": REPORT}}}},
    summary="Save a report: numbers, splits, filters; durable before the answer",
)
async def save(name: PathId, report: Report, service: ServiceDep) -> Response:
    """Replace what was saved under the name; each section is checked before anything is kept."""

    def kept(tables: Tables) -> SavedReport:
        with _known(), usable():
            SavedReports(tables.workspace).write(name, report, tables)
        return SavedReport(name=name, report=report)

    return json((await service.insights.ask(kept)).model_dump_json().encode())


@router.get(
    "/v1/reports/{name}/page",
    response_class=HTMLResponse,
    responses={200: {"content": {"text/html": {"example": _PAGE}}}, **problems(404, 422, 503)},
    summary="A saved report as a page, with charts and the records behind the numbers",
)
async def page(
    name: PathId, question: Annotated[Selection, Query()], service: ServiceDep
) -> Response:
    """Return a page that needs nothing from anywhere else; of millions of messages in a minute."""

    def rendered(tables: Tables) -> str:
        with _known(), usable():
            report = SavedReports(tables.workspace).read(name)
            return render(report, tables, question.filters)

    return HTMLResponse(await service.insights.ask(rendered))


@contextmanager
def _known() -> Iterator[None]:
    try:
        yield
    except NoReportError as error:
        raise UnknownReportError(str(error), todo="GET /v1/reports lists them.") from error
    except LookupError as error:
        raise UnknownInsightError(
            str(error.args[0]), todo="GET /v1/insights lists them."
        ) from error
