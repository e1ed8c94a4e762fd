"""A server that runs takes over who was promoted, keeps who cannot be replaced, and goes back."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from ingest.store import Store
from serving.api.app import create_app
from serving.api.settings import ApiSettings
from serving.errors import ServingError
from serving.recommend import Engine
from serving.tracking import Tracking
from tests.serving.shop import EVENT, FACTS, UNTIL, wait_until_ready
from training.bundle import Bundle
from training.interactions import Interactions
from training.models.base import Recommender
from training.models.ease import EASE
from training.models.fallback import WithFallback
from training.models.popular import RecentPopularity
from training.registry import Registry
from training.tracking.log import log_bundle
from training.tracking.store import TrackingStore

PATIENCE = 20.0


def register(store: Store, tracking: TrackingStore, primary: Recommender) -> Registry:
    """Train, log and promote a model."""
    interactions = Interactions.from_store(store, kinds=["purchase"], before=UNTIL)
    model = WithFallback(primary=primary, fallback=RecentPopularity(days=28)).fit(interactions)
    bundle = Bundle(model, type(primary).__name__, "shop", "discover", config={})
    with tracking.connect().start_run(experiment_id=tracking.experiment("shop", "discover")):
        uri = log_bundle(tracking, bundle)
    registry = Registry("shop", tracking)
    registry.promote(uri)
    return registry


def until(client: TestClient, met: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Ask /ready until its answer is as expected; every answer has to be a good one."""
    end = time.monotonic() + PATIENCE
    while True:
        answer = client.get("/ready")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        if met(found):
            return found
        assert time.monotonic() < end, found
        time.sleep(0.02)


@pytest.mark.slow
def test_a_promoted_version_takes_over_and_a_rollback_brings_the_old_one_back(
    store: Store, tmp_path: Path
) -> None:
    tracking = TrackingStore(tmp_path / "mlruns")
    registry = register(store, tracking, EASE(regularization=5.0))
    settings = ApiSettings(
        workspace="shop",
        data_dir=tmp_path / "data",
        tracking=Tracking(folder=tmp_path / "mlruns"),
        follow_seconds=0.05,
    )
    with TestClient(create_app(settings)) as client:
        wait_until_ready(client, PATIENCE)
        first = client.get("/v1/customers/newcomer/recommendations?k=2").json()
        assert (first["model"]["version"], first["origin"]) == ("1", "fallback")
        assert client.post("/v1/events", json=EVENT).json()["accepted"] == 1

        register(store, tracking, EASE(regularization=50.0))
        found = until(client, lambda found: found["model"]["version"] == "2")
        assert (found["overlay_events"], found["failure"]) == (1, None)
        answer = client.get("/v1/customers/newcomer/recommendations?k=2").json()
        assert (answer["model"]["version"], answer["origin"]) == ("2", "model")
        serving = [
            line
            for line in client.get("/metrics").text.splitlines()
            if line.startswith("huaxiang_model_info{")
        ]
        assert len(serving) == 1
        assert 'version="2"' in serving[0]

        registry.rollback()
        until(client, lambda found: found["model"]["version"] == "1")
        later = EVENT | {"event_id": "p2", "item_id": "g2"}
        assert client.post("/v1/events", json=later).json()["accepted"] == 1
        assert client.get("/ready").json()["overlay_events"] == 2


def test_who_answers_stays_while_the_new_version_cannot_be_loaded(
    engine: Engine, tmp_path: Path
) -> None:
    leads = [FACTS.version]

    def load(*_: object) -> Engine:
        if leads[-1] != FACTS.version:
            raise ServingError("its bundle is damaged")
        return engine

    settings = ApiSettings(workspace="shop", data_dir=tmp_path / "data", follow_seconds=0.02)
    with TestClient(create_app(settings, load, lambda _: leads[-1])) as client:
        wait_until_ready(client)
        leads.append("8")
        found = until(client, lambda found: found["failure"] is not None)
        assert found["failure"] == "its bundle is damaged"
        assert found["model"]["version"] == FACTS.version
        assert client.get("/v1/customers/c00/recommendations").status_code == 200
        leads.append(FACTS.version)
        until(client, lambda found: found["failure"] is None)


def test_who_answers_stays_where_nobody_leads_or_nobody_may_be_asked(
    engine: Engine, tmp_path: Path
) -> None:
    asked = []

    def nobody(_: ApiSettings) -> None:
        asked.append(time.monotonic())

    for pause in (0.01, 0.0):
        asked.clear()
        settings = ApiSettings(workspace="shop", data_dir=tmp_path / "data", follow_seconds=pause)
        with TestClient(create_app(settings, lambda *_: engine, nobody)) as client:
            wait_until_ready(client)
            time.sleep(0.2)
            found = client.get("/ready").json()
        assert (found["model"]["version"], found["failure"]) == (FACTS.version, None)
        assert bool(asked) == bool(pause)
