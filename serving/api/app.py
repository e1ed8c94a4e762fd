"""Application factory of the online endpoint."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline

from serving.api import errors
from serving.api.metrics import MetricsMiddleware
from serving.api.routes import (
    actions,
    alerts,
    cases,
    conversations,
    customers,
    events,
    insights,
    items,
    labels,
    messages,
    needs,
    operations,
    profiles,
    recommendations,
    reports,
)
from serving.api.served import Leading, Load, leading_version, load_engine
from serving.api.service import Service
from serving.api.settings import ApiSettings

_RESOURCES = (
    *(recommendations, customers, profiles, items, events, messages, labels),
    *(insights, conversations, needs, actions, alerts, cases, reports),
    operations,
)
_ABOUT = """
Recommendations with reasons, readable customer profiles and similar items, from the workspace's
champion model. Post events back: they are stored durably and used by the very next answer.

Insights count the chat messages there are, those posted a moment ago too; every number opens into
the conversations behind it.

Every error is `application/problem+json` and says what was wrong, what was expected, what was
received and what to do.
"""


def create_app(
    settings: ApiSettings, load: Load = load_engine, leading: Leading = leading_version
) -> FastAPI:
    """Return the application; the champion is loaded after it has started.

    Parameters
    ----------
    settings : ApiSettings
        What to serve.
    load : callable, optional
        Makes the engine from the settings; loads the workspace's champion when not given.
    leading : callable, optional
        Says which version leads; asks the registry when not given.
    """
    service = Service(settings, load, leading)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await service.start()
        yield
        await service.stop()

    app = FastAPIOffline(  # its pages need no content network
        title="huaxiang",
        version=version("huaxiang"),
        summary="One living profile per customer, used twice: to recommend and to explain.",
        description=_ABOUT,
        lifespan=lifespan,
    )
    app.state.service = service
    errors.install(app)
    for module in _RESOURCES:
        app.include_router(module.router)
    app.add_middleware(MetricsMiddleware, metrics=service.metrics)
    return app


def route_table() -> list[tuple[str, str]]:
    """Return method and path of every documented route."""
    found = []
    for module in _RESOURCES:
        for route in module.router.routes:
            if isinstance(route, APIRoute):
                found += [(method, route.path_format) for method in sorted(route.methods or ())]
    return found
