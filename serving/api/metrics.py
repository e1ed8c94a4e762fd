"""Counts and latencies of the endpoint, in Prometheus' text format."""

from __future__ import annotations

from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.overlay import Overlay
from serving.ranked import Facts

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """All meters of one application; each application has its own registry."""

    def __init__(self) -> None:
        self.registry = here = CollectorRegistry()
        self.requests = Counter(
            "huaxiang_requests_total",
            "Requests answered, by route template, method and status.",
            ["route", "method", "status"],
            registry=here,
        )
        self.latency = Histogram(
            "huaxiang_request_seconds",
            "Seconds from the request to the end of its answer, by route template.",
            ["route"],
            buckets=_SECONDS,
            registry=here,
        )
        self.model = Gauge(
            "huaxiang_model_info",
            "1 for the model version that is served.",
            ["workspace", "version", "model"],
            registry=here,
        )
        self.ready = Gauge("huaxiang_ready", "1 once the champion is loaded.", registry=here)
        self.overlay = Gauge(
            "huaxiang_overlay_events", "Events newer than the served model.", registry=here
        )
        self.events = Counter(
            "huaxiang_events_total", "Events received, by outcome.", ["outcome"], registry=here
        )

        self.messages = Counter(
            "huaxiang_messages_total", "Messages received, by outcome.", ["outcome"], registry=here
        )

    def serves(self, workspace: str, facts: Facts, overlay: Overlay) -> None:
        """Say who answers from now on."""
        self.model.clear()
        self.model.labels(workspace, facts.version, facts.name).set(1)
        self.overlay.set_function(lambda: float(len(overlay)))
        self.ready.set(1)

    def text(self) -> bytes:
        """Return every meter in the exposition format."""
        return generate_latest(self.registry)


class MetricsMiddleware:
    """Count every HTTP request under its route template, so that ids never become labels."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and take its time."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = perf_counter()
        status = 500

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watch)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            self.metrics.requests.labels(route, scope["method"], str(status)).inc()
            self.metrics.latency.labels(route).observe(perf_counter() - started)
