"""For those who run the endpoint: is it up, is it ready, how does it do."""

from __future__ import annotations

from importlib.metadata import version

import orjson
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from serving.api.answers import json, model_facts, problems
from serving.api.deps import ReadyDep, ServiceDep
from serving.api.schemas import Health, Readiness

router = APIRouter(tags=["operations"])
_HEALTHY = orjson.dumps({"status": "ok", "version": version("huaxiang")})
_METRICS_EXAMPLE = (
    "# TYPE huaxiang_requests_total counter\n"
    'huaxiang_requests_total{method="GET",route="/health",status="200"} 3.0\n'
)


@router.get("/health", response_model=Health, summary="The process is up")
async def health() -> Response:
    """Answers as long as the process does."""
    return json(_HEALTHY)


@router.get(
    "/ready",
    response_model=Readiness,
    responses=problems(503),
    summary="The champion is loaded",
)
async def ready(service: ReadyDep) -> Response:
    """503 with the reason until the champion is loaded; `failure` where a newer one cannot be."""
    engine = service.served.engine()
    body = {
        "status": "ready",
        "workspace": service.settings.workspace,
        "model": model_facts(engine.facts),
        "customers": len(engine.model.customers),
        "items": len(engine.model.items),
        "overlay_events": len(engine.overlay),
        "seconds_to_ready": round(service.seconds_to_ready, 3),
        "failure": service.served.failure,
    }
    return json(orjson.dumps(body))


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {
            "description": "Prometheus text format",
            "content": {"text/plain": {"example": _METRICS_EXAMPLE}},
        }
    },
    summary="Counts and latencies for Prometheus",
)
async def metrics(service: ServiceDep) -> Response:
    """Request counts and latency by route template, model version, overlay size."""
    return Response(service.metrics.text(), media_type=CONTENT_TYPE_LATEST)
