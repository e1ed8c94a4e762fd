"""Needs over HTTP: ranked cards with masked quotes, and decisions that are durable."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from ingest.workspace import Workspace
from insights.needs.register import Register
from serving.api.app import create_app
from serving.api.conversation_schemas import Transcript
from serving.api.settings import ApiSettings
from serving.recommend import Engine
from tests.insights.needs.workspace import said, write
from tests.serving.shop import wait_until_ready

PHONE = "13812345678"


@pytest.fixture
def client(engine: Engine, tmp_path: Path) -> Iterator[TestClient]:
    labels = {"labels": {"customer_needs": "quality"}}
    slow = {"labels": {"customer_needs": "price"}}
    write(
        tmp_path,
        [
            *(said(day, f"c{day}", text=f"it broke, call {PHONE}", **labels) for day in range(6)),
            *(said(day, f"d{day}", mood="neutral", text="too dear", **slow) for day in range(3)),
        ],
    )
    settings = ApiSettings(workspace="shop", data_dir=tmp_path, port=0)
    app = create_app(settings, load=lambda *_: engine)
    with TestClient(app, raise_server_exceptions=False) as found:
        wait_until_ready(found)
        yield found


def needs(client: TestClient, **asked: Any) -> dict[str, Any]:
    answer = client.get("/v1/needs", params=asked)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_cards_are_ranked_quoted_and_masked(client: TestClient) -> None:
    found = needs(client)
    assert found["total"] == 2
    first = found["needs"][0]
    assert first["texts"] == 6
    assert first["quotes"]
    assert PHONE not in client.get("/v1/needs").text
    assert {"importance_score", "urgency_score", "priority_score"} <= set(first)
    assert [card["need"] for card in needs(client, limit=1)["needs"]] == [first["need"]]
    assert needs(client, limit=1, offset=1)["needs"][0]["need"] != first["need"]
    assert needs(client, preset="kano")["needs"][0]["preset"] == "kano"
    assert needs(client, until="2026-02-01T00:00:00Z") == {"total": 0, "needs": []}
    assert client.get("/v1/needs", params={"preset": "magic"}).status_code == 422


def test_decisions_are_kept_shown_on_the_card_and_listed(
    client: TestClient, tmp_path: Path
) -> None:
    need = needs(client)["needs"][0]["need"]
    path = f"/v1/needs/{need}/decisions"
    told = {
        "author": "wei",
        "status": "planned",
        "plan": f"call {PHONE} back",
        "owner": "logistics",
    }
    answer = client.post(path, json=told)
    assert answer.status_code == 200, answer.text
    kept = Register(Workspace.named("shop", tmp_path)).decisions(need)
    assert [(one.author, one.status, one.owner) for one in kept] == [
        ("wei", "planned", "logistics")
    ]
    assert PHONE not in str(kept)
    card = next(card for card in needs(client)["needs"] if card["need"] == need)
    assert (card["status"], card["owner"], card["suggested"]) == ("planned", "logistics", False)
    client.post(path, json={"author": "ann", "status": "done", "shipped": "2026-03-04T00:00:00Z"})
    listed = client.get(path).json()["decisions"]
    assert [one["status"] for one in listed] == ["planned", "done"]


def test_what_cannot_be_decided_is_refused(client: TestClient) -> None:
    unknown = client.post(
        "/v1/needs/nothing.of.it/decisions", json={"author": "a", "status": "done"}
    )
    assert unknown.status_code == 404
    assert "GET /v1/needs" in unknown.text
    need = needs(client)["needs"][0]["need"]
    assert client.post(f"/v1/needs/{need}/decisions", json={"author": "a"}).status_code == 422
    assert client.get("/v1/needs/nothing.of.it/decisions").json() == {"decisions": []}


def test_texts_that_were_not_analyzed_are_told_of(engine: Engine, tmp_path: Path) -> None:
    Workspace.named("bare", tmp_path).root.mkdir(parents=True)
    app = create_app(
        ApiSettings(workspace="bare", data_dir=tmp_path, port=0), load=lambda *_: engine
    )
    with TestClient(app, raise_server_exceptions=False) as found:
        wait_until_ready(found)
        answer = found.get("/v1/needs")
    assert answer.status_code == 503
    assert "python -m features" in answer.text


def test_a_message_tells_what_analysis_found_in_it(engine: Engine, tmp_path: Path) -> None:
    told = {"channel": "web", "conversation": "talk", "keywords": ["broke", PHONE]}
    labels = {"service_categories": "after_sales", "customer_needs": "quality"}
    write(tmp_path, [said(0, "c1", text=f"it broke, call {PHONE}", labels=labels, **told)])
    app = create_app(
        ApiSettings(workspace="shop", data_dir=tmp_path, port=0), load=lambda *_: engine
    )
    with TestClient(app, raise_server_exceptions=False) as found:
        wait_until_ready(found)
        answer = found.get("/v1/conversations/talk")
        posted = {
            "message_id": "new", "conversation_id": "talk", "customer_id": "c1",
            "sender_role": "customer", "text": "hello", "channel": "web",
            "occurred_at": "2026-03-05T10:00:00Z",
        }  # fmt: skip
        found.post("/v1/messages", json=posted)
        later = Transcript.model_validate(found.get("/v1/conversations/talk").json())
    first = Transcript.model_validate(answer.json()).messages[0].analysis
    assert first is not None
    assert (first.language, first.sentiment) == ("en", "negative")
    assert first.keywords == ("broke", "138****5678")
    assert [(one.taxonomy, one.label) for one in first.labels] == [
        ("customer_needs", "quality"),
        ("service_categories", "after_sales"),
    ]
    assert first.entities == ()  # nothing of the kind was looked for
    assert PHONE not in answer.text
    assert later.messages[-1].analysis is None  # posted a moment ago
