"""Chat messages over HTTP: checked, durable, counted by reports, and not lost by a kill."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pyarrow.compute as pc
import pytest
from fastapi.testclient import TestClient

from ingest.rejects import Rejects
from ingest.store import Store
from ingest.workspace import Workspace
from insights.filters import Filters
from insights.registry import find
from insights.tables import Tables
from serving.api import message_schemas
from serving.api.app import create_app
from serving.api.settings import ApiSettings
from serving.recommend import Engine
from tests.serving.live_server import live
from tests.serving.shop import wait_until_ready

GOLDEN = Path(__file__).parents[1] / "golden" / "ingest" / "chatlog"
MESSAGE = {
    "message_id": "web-1-1",
    "conversation_id": "web-1",
    "customer_id": "c01",
    "sender_role": "customer",
    "text": "蓝色的还有吗?",
    "channel": "web",
    "media": [{"name": "blue.jpg"}],
    "raw": {"ip": None},
    "occurred_at": "2026-03-01T17:30:00+08:00",
}
CHATLOG = {"lawful_basis": "contract", "token": "s3cret", "account": "wxid_shop"}


@pytest.fixture
def client(store: Store, engine: Engine, tmp_path: Path) -> Iterator[TestClient]:
    settings = ApiSettings.model_validate(
        {"workspace": "shop", "data_dir": tmp_path / "data", "port": 0, "chatlog": CHATLOG}
    )
    app = create_app(settings, load=lambda *_: engine)
    with TestClient(app, raise_server_exceptions=False) as found:
        wait_until_ready(found)
        yield found


def post(client: TestClient, *messages: Any) -> Any:
    return client.post("/v1/messages", json=list(messages))


def test_a_message_is_on_disk_when_it_is_answered(client: TestClient, store: Store) -> None:
    answer = client.post("/v1/messages", json=MESSAGE)
    found = message_schemas.MessagesReceipt.model_validate(answer.json())
    assert (found.received, found.accepted, found.rejections) == (1, 1, [])
    (row,) = Store(store.path("messages").parent).read("messages").to_pylist()
    assert (row["text"], row["kind"], row["source"]) == ("蓝色的还有吗?", "text", "api")
    assert row["occurred_at"].isoformat() == "2026-03-01T09:30:00+00:00"
    assert row["available_at"] > row["occurred_at"]
    assert orjson.loads(row["media"]) == [{"name": "blue.jpg"}]
    assert (row["recalled"], row["private"]) == (False, False)
    again = post(client, MESSAGE, {**MESSAGE, "message_id": "web-1-2"}).json()
    assert (again["accepted"], again["duplicate"]) == (1, 1)
    assert 'huaxiang_messages_total{outcome="accepted"} 2.0' in client.get("/metrics").text


def test_a_message_sent_again_as_recalled_takes_itself_back(
    client: TestClient, store: Store
) -> None:
    post(client, MESSAGE, {**MESSAGE, "message_id": "web-1-2"})
    answer = post(client, {**MESSAGE, "recalled": True}).json()
    assert (answer["accepted"], answer["duplicate"]) == (0, 1)
    rows = store.read("messages", ["message_id"], pc.field("recalled"))
    assert rows["message_id"].to_pylist() == ["web-1-1"]


def test_good_messages_are_kept_and_bad_ones_explained(client: TestClient, store: Store) -> None:
    answer = post(
        client,
        MESSAGE,
        {**MESSAGE, "message_id": "m2", "sender_role": "boss"},
        {**MESSAGE, "message_id": "m3", "occurred_at": "2026-03-01T10:00:00"},
        {**MESSAGE, "message_id": "m4", "occurred_at": "2950-01-01T00:00:00Z"},
        "nonsense",
        MESSAGE,
    )
    assert answer.status_code == 200
    found = answer.json()
    counts = [found[name] for name in ("received", "accepted", "duplicate", "rejected")]
    assert counts == [6, 1, 1, 4]
    told = [(lost["index"], lost["message_id"], lost["where"]) for lost in found["rejections"]]
    assert told == [
        (1, "m2", "sender_role"), (2, "m3", "occurred_at"), (3, "m4", "occurred_at"),
        (4, None, "body"),
    ]  # fmt: skip
    assert store.dataset("messages").count_rows() == 1
    assert post(client, "nonsense").status_code == 422


@pytest.mark.parametrize(
    ("body", "received"),
    [(b"[", "unexpected end"), (b"[]", "0 messages"), (b" " * 4_000_001, "4000001 bytes")],
)
def test_a_body_that_is_no_list_of_messages_is_a_422(
    client: TestClient, body: bytes, received: str
) -> None:
    answer = client.post("/v1/messages", content=body)
    assert answer.status_code == 422
    assert received in answer.json()["received"]


def test_the_webhook_of_chatlog_stores_what_the_importer_would(
    client: TestClient, store: Store, tmp_path: Path
) -> None:
    body = orjson.loads((GOLDEN / "webhook.json").read_bytes())
    body["messages"].append({"talker": "gh_news", "content": "buy"})
    url = "/v1/webhooks/chatlog?token=s3cret"
    answer = client.post(url, json=body)
    assert answer.status_code == 200
    found = message_schemas.WebhookReceipt.model_validate(answer.json())
    counts = (found.received, found.accepted, found.duplicate, found.rejected)
    assert counts == (4, 3, 0, 1)
    assert client.post(url, json=body).json()["duplicate"] == 3
    rows = store.read("messages").sort_by("occurred_at").to_pylist()
    assert [row["text"] for row in rows][:2] == ["那我要两个", "报价单.pdf"]
    kinds = store.read("events", ["kind"], pc.field("source") == "chatlog")
    assert kinds["kind"].to_pylist() == ["payment_sent"]
    workspace = Workspace.named("shop", tmp_path / "data")
    (lost,) = (row for _, row in Rejects(workspace.rejected).read())
    assert (lost.file, lost.row) == ("chatlog webhook", 4)
    assert b"contract" in (workspace.root / "lawful-basis.jsonl").read_bytes()
    empty = client.post(url, json={"talker": "wxid_ann", "length": 0, "messages": []})
    assert empty.json() == {"received": 0, "accepted": 0, "duplicate": 0, "rejected": 0}


@pytest.mark.parametrize("query", ["", "?token=guess"])
def test_the_webhook_lets_nobody_in_without_its_token(
    client: TestClient, store: Store, query: str
) -> None:
    answer = client.post(f"/v1/webhooks/chatlog{query}", json={"messages": []})
    assert answer.status_code == 403
    assert "token" in answer.json()["expected"]
    assert "guess" not in answer.text


def test_the_webhook_is_closed_without_a_lawful_basis(tmp_path: Path, engine: Engine) -> None:
    settings = ApiSettings(workspace="shop", data_dir=tmp_path / "data", port=0)
    with TestClient(create_app(settings, load=lambda *_: engine)) as client:
        answer = client.post("/v1/webhooks/chatlog", json={"messages": []})
        assert answer.status_code == 403
        assert "chatlog.lawful_basis" in answer.json()["expected"]
        assert client.post("/v1/webhooks/chatlog", json=[]).status_code == 422


def test_reports_count_what_was_just_posted(client: TestClient, tmp_path: Path) -> None:
    tables = Tables(Workspace.named("shop", tmp_path / "data"))
    volume = find("volume", None)

    def counted() -> int:
        return int(volume.table(tables, Filters(), ())["count"].sum())

    assert counted() == 0
    post(client, MESSAGE)
    assert counted() == 1
    post(client, {**MESSAGE, "message_id": "web-2-1", "conversation_id": "web-2"})
    assert counted() == 2


@pytest.mark.slow
def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    rows = [{**MESSAGE, "message_id": f"m{n}", "conversation_id": f"k{n % 9}"} for n in range(40)]
    data = tmp_path / "data"
    with live(data, "live") as server:
        for start in range(0, 40, 10):
            url = f"{server.url}/v1/messages"
            answer = httpx2.post(url, json=rows[start : start + 10], trust_env=False, timeout=60)
            assert answer.json()["accepted"] == 10
        server.kill()
    tables = Tables(Workspace.named("live", data))
    assert int(find("volume", None).table(tables, Filters(), ())["count"].sum()) == 9
    with live(data, "live") as server:
        answer = httpx2.post(
            f"{server.url}/v1/messages", json=[*rows, MESSAGE], trust_env=False, timeout=60
        )
        found = answer.json()
        assert (found["accepted"], found["duplicate"]) == (1, 40)
    assert Store(Workspace.named("live", data).store).dataset("messages").count_rows() == 41
