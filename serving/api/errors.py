"""Every error an application can meet, mapped to one HTTP answer in one table.

The body follows RFC 9457 (application/problem+json) and says what was wrong, what was expected,
what was received and what to do.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from features.text.pii.shown import shown
from ingest.told import expected
from serving.errors import (
    BadRequestError,
    ConflictError,
    FeaturesMissingError,
    ForbiddenError,
    NotReadyError,
    ServingError,
    StateMissingError,
    TablesMissingError,
    UnknownActionError,
    UnknownAlertError,
    UnknownCaseError,
    UnknownConversationError,
    UnknownCustomerError,
    UnknownFactError,
    UnknownInsightError,
    UnknownItemError,
    UnknownNeedError,
    UnknownReportError,
)

_LOG = logging.getLogger(__name__)
_RETRY_SECONDS = "2"
_MAX_SHOWN = 200


@dataclass(frozen=True)
class Kind:
    """HTTP status and short title of one kind of error."""

    status: int
    title: str
    headers: Mapping[str, str] | None = None


TABLE: Mapping[type[Exception], Kind] = {
    BadRequestError: Kind(422, "The request holds a value that cannot be used"),
    ForbiddenError: Kind(403, "The request is not allowed"),
    UnknownItemError: Kind(404, "Unknown item"),
    UnknownCustomerError: Kind(404, "No profile for this customer"),
    UnknownInsightError: Kind(404, "Unknown insight"),
    UnknownConversationError: Kind(404, "Unknown conversation"),
    UnknownAlertError: Kind(404, "Unknown alert"),
    UnknownNeedError: Kind(404, "Unknown need"),
    UnknownActionError: Kind(404, "Unknown action item"),
    UnknownCaseError: Kind(404, "Unknown case"),
    UnknownReportError: Kind(404, "Unknown report"),
    UnknownFactError: Kind(404, "Unknown statement"),
    ConflictError: Kind(409, "Somebody was earlier"),
    NotReadyError: Kind(503, "The model is not loaded", {"retry-after": _RETRY_SECONDS}),
    FeaturesMissingError: Kind(503, "The feature store is not available"),
    TablesMissingError: Kind(503, "The tables behind this insight are not there yet"),
    StateMissingError: Kind(503, "Application state is not available"),
    RequestValidationError: Kind(422, "The request does not have the expected form"),
    HTTPException: Kind(400, "The request cannot be answered"),
    Exception: Kind(500, "The server failed"),
}

_HTTP_HINTS = {
    404: "See /docs for the routes and their parameters.",
    405: "See /docs for the methods each route accepts.",
}


def problem(kind: Kind, detail: str, *, status: int | None = None, **members: object) -> Response:
    """Return one error as an HTTP answer, masked; members that are None are left out."""
    code = status or kind.status
    body = {"type": "about:blank", "title": kind.title, "status": code, "detail": detail}
    body.update({name: value for name, value in members.items() if value is not None})
    body.update({name: shown(value) for name, value in body.items() if isinstance(value, str)})
    return Response(
        orjson.dumps(body, default=str),
        status_code=code,
        media_type="application/problem+json",
        headers=dict(kind.headers or {}),
    )


def kind_of(error: Exception) -> Kind:
    """Return the entry of the table for an error: the closest class it belongs to."""
    return next(TABLE[cls] for cls in type(error).__mro__ if cls in TABLE)


async def _serving(_: Request, error: Exception) -> Response:
    assert isinstance(error, ServingError)  # noqa: S101  (registered for this class only)
    return problem(
        kind_of(error),
        error.detail,
        expected=error.expected,
        received=error.received,
        todo=error.todo,
    )


async def _validation(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    faults = [fault(entry) for entry in error.errors()]
    first = faults[0]
    more = f" ({len(faults) - 1} more below)" if len(faults) > 1 else ""
    return problem(
        kind_of(error),
        f"{first['where']}: {first['expected']}{more}",
        expected=first["expected"],
        received=first["received"],
        todo="Correct the values listed under errors; /docs shows examples.",
        errors=faults,
    )


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    return problem(
        kind_of(error),
        str(error.detail),
        status=error.status_code,
        todo=_HTTP_HINTS.get(error.status_code),
    )


async def _unforeseen(request: Request, error: Exception) -> Response:
    reference = uuid.uuid4().hex[:12]
    _LOG.error(
        "request %s %s failed (%s)", request.method, request.url.path, reference, exc_info=error
    )
    return problem(
        kind_of(error),
        "An unforeseen error stopped the answer.",
        reference=reference,
        todo=f"Look for {reference} in the server's log.",
    )


def fault(entry: Mapping[str, Any]) -> dict[str, str]:
    """Return one entry of a pydantic error list as where, expected and received."""
    where = ".".join(str(part) for part in entry["loc"]) or "body"
    received = shown(repr(entry.get("input")))
    if len(received) > _MAX_SHOWN:
        received = received[:_MAX_SHOWN] + "…"
    return {"where": where, "expected": shown(expected(str(entry["msg"]))), "received": received}


def install(app: FastAPI) -> None:
    """Register the handlers of the table with an application."""
    app.add_exception_handler(ServingError, _serving)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unforeseen)
