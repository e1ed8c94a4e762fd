"""Alerts over HTTP: found by their filters, page by page; what people say is durable and masked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from ingest.state.url import STATE
from ingest.workspace import Workspace
from insights.alerts.book import Book
from insights.alerts.desk import Desk
from insights.alerts.incidents import Following
from serving.api.app import create_app
from serving.api.settings import ApiSettings
from serving.recommend import Engine
from tests.insights.alerts.sample import HOUR, hours, rule
from tests.serving.shop import wait_until_ready

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def workspace(tmp_path: Path, state_url: str | None, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv(STATE, state_url or "")
    found = Workspace.named("shop", tmp_path / "data")
    book = Book(found)
    for name, begin in (("waiting_long", 0), ("surge", 10)):
        told = rule("threshold", name=name, finding="volume", above=5)
        following = Following(told, {})
        following.follow([*hours([True, False], "web", begin), *hours([True], "phone", begin)])
        book.record(name, before=None, until=(begin + 2) * HOUR, steps=following.steps, at=NOW)
    return found


@pytest.fixture
def client(workspace: Workspace, engine: Engine, tmp_path: Path) -> Iterator[TestClient]:
    settings = ApiSettings(workspace="shop", data_dir=tmp_path / "data", port=0)
    app = create_app(settings, load=lambda *_: engine)
    with TestClient(app, raise_server_exceptions=False) as found:
        wait_until_ready(found)
        yield found


def asked(client: TestClient, **filters: Any) -> list[tuple[str, str, str]]:
    found = client.get("/v1/alerts", params=filters).json()
    return [(one["rule"], one["group"], one["status"]) for one in found["alerts"]]


def test_alerts_are_found_by_their_filters(client: TestClient) -> None:
    every = asked(client)
    assert len(every) == 4
    assert {rule for rule, _, _ in every[:2]} == {"surge"}  # newest first
    assert set(asked(client, status="open")) == {
        ("surge", "phone", "open"),
        ("waiting_long", "phone", "open"),
    }
    assert asked(client, status="closed", rule="surge") == [("surge", "web", "closed")]
    assert asked(client, owner="nobody") == []
    assert len(asked(client, since="1970-01-01T11:00:00Z")) == 2
    assert asked(client, since="1970-01-01T11:00:00.000001Z") == []


def test_pages_do_not_overlap(client: TestClient) -> None:
    pages = [client.get("/v1/alerts", params={"limit": 3, "offset": n}).json() for n in (0, 3)]
    assert [page["total"] for page in pages] == [4, 4]
    assert [len(page["alerts"]) for page in pages] == [3, 1]
    assert len({one["id"] for page in pages for one in page["alerts"]}) == 4


def test_who_took_note_is_on_disk_and_masked(client: TestClient, workspace: Workspace) -> None:
    (alert,) = client.get("/v1/alerts", params={"status": "open", "rule": "surge"}).json()["alerts"]
    said = {"by": "ann", "note": "客户电话13800138000"}
    answer = client.post(f"/v1/alerts/{alert['id']}/ack", json=said)
    assert answer.status_code == 200
    noted = answer.json()
    assert noted["status"] == "acknowledged"
    assert noted["acknowledged"]["note"] == "客户电话138****8000"
    assert noted["acknowledged"]["false_alarm"] is False
    assert asked(client, status="open") == [("waiting_long", "phone", "open")]
    client.post(f"/v1/alerts/{alert['id']}/ack", json={"by": "bob", "false_alarm": True})
    last = Desk(workspace).one(alert["id"])["acknowledged"]
    assert (last["by"], last["false_alarm"]) == ("bob", True)


def test_a_mute_lasts_until_it_ends_or_is_ended(client: TestClient, workspace: Workspace) -> None:
    alert = client.get("/v1/alerts").json()["alerts"][0]
    until = datetime(2026, 3, 2, tzinfo=UTC)
    path, book = f"/v1/alerts/{alert['id']}/mute", Book(workspace)
    answer = client.post(path, json={"by": "ann", "until": until.isoformat()})
    assert answer.json()["muted_until"] == "2026-03-02T00:00:00+00:00"
    assert book.muted(alert["rule"], NOW) == {alert["group"]}
    assert book.muted(alert["rule"], until) == set()
    client.post(path, json={"by": "ann", "until": "2026-01-01T00:00:00Z"})
    assert book.muted(alert["rule"], NOW) == set()


@pytest.mark.parametrize(
    ("path", "body"),
    [("ack", {"by": "ann"}), ("mute", {"by": "ann", "until": "2026-03-02T00:00:00Z"})],
)
def test_an_alert_that_is_not_there_is_told(
    client: TestClient, path: str, body: dict[str, str]
) -> None:
    answer = client.post(f"/v1/alerts/nothing/{path}", json=body)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["received"] == "'nothing'"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("ack", {}),
        ("ack", {"by": " "}),
        ("mute", {"by": "ann"}),
        ("mute", {"by": "ann", "until": "2026-03-02T00:00:00"}),
        ("ack", {"by": "ann", "not": "e"}),
    ],
)
def test_requests_of_another_form_are_refused(
    client: TestClient, path: str, body: dict[str, str]
) -> None:
    assert client.post(f"/v1/alerts/nothing/{path}", json=body).status_code == 422
    assert client.get("/v1/alerts", params={"status": "gone"}).status_code == 422


def test_a_workspace_without_alerts_has_none(engine: Engine, tmp_path: Path) -> None:
    settings = ApiSettings(workspace="empty", data_dir=tmp_path / "data", port=0)
    with TestClient(create_app(settings, load=lambda *_: engine)) as found:
        assert found.get("/v1/alerts").json() == {"total": 0, "alerts": []}
    assert not (tmp_path / "data" / "empty" / "alerts").exists()


def test_a_server_that_is_gone_is_told_without_its_password(
    engine: Engine, tmp_path: Path, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STATE, postgres)
    found = Workspace.named("shop", tmp_path / "data")
    Book(found).judged_until("surge")
    monkeypatch.setenv(STATE, "postgresql://ann:geheim@127.0.0.1:1/shop")
    settings = ApiSettings(workspace="shop", data_dir=tmp_path / "data", port=0)
    with TestClient(create_app(settings, load=lambda *_: engine)) as client:
        answer = client.get("/v1/alerts")
    assert answer.status_code == 503
    assert answer.json()["title"] == "Application state is not available"
    assert "geheim" not in answer.text
