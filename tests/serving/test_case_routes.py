"""Compliance cases over HTTP: listed, judged, masked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from serving.api.app import create_app
from serving.api.case_schemas import Case, Cases
from serving.api.settings import ApiSettings
from serving.errors import NoChampionError
from serving.recommend import Engine

BAD = {
    "message_id": "web-1", "conversation_id": "web", "customer_id": "c1", "agent_id": "eve",
    "sender_role": "agent", "text": "微信红包给我,电话13800138000", "channel": "web",
    "occurred_at": "2026-03-05T09:30:00Z",
}  # fmt: skip


def nobody(*_: Any) -> Engine:
    raise NoChampionError("Nobody leads.")


def test_a_case_is_listed_judged_and_counted(tmp_path: Path) -> None:
    app = create_app(ApiSettings(workspace="shop", data_dir=tmp_path, port=0), load=nobody)
    with TestClient(app, raise_server_exceptions=False) as client:
        assert client.get("/v1/cases").json() == {"total": 0, "cases": []}
        assert client.post("/v1/messages", json=BAD).json()["accepted"] == 1
        (case,) = Cases.model_validate(client.get("/v1/cases").json()).cases
        assert (case.rule, case.agent, case.judged) == ("private_payment", "eve", None)
        assert case.text == "微信红包给我,电话138****8000"
        path = f"/v1/cases/{case.case}/verdicts"
        answer = client.post(path, json={"by": "ann", "verdict": "confirmed", "note": "warned"})
        found = Case.model_validate(answer.json())
        assert found.judged is not None
        assert (found.verdict, found.judged.by, found.judged.note) == ("confirmed", "ann", "warned")
        assert client.get("/v1/cases").json()["total"] == 0
        assert client.get("/v1/cases", params={"verdict": "all"}).json()["total"] == 1
        assert (
            client.get("/v1/cases", params={"agent": "bob", "verdict": "all"}).json()["total"] == 0
        )
        (row,) = client.get("/v1/insights/violations").json()["rows"]
        assert (row["count"], row["confirmed"], row["precision"]) == (1, 1, 1.0)
        assert "13800138000" not in client.get(row["members"]).text
        wrong = client.post("/v1/cases/nothing/verdicts", json={"by": "a", "verdict": "open"})
        assert wrong.status_code == 404
        assert client.post(path, json={"by": "a", "verdict": "guilty"}).status_code == 422
        assert client.post(path, json={"verdict": "open"}).status_code == 422
