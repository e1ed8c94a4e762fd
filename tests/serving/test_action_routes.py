"""Action items over HTTP: opened from a row of an insight, changed, measured, masked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from serving.api.action_schemas import ActionDetail, ActionList
from serving.api.app import create_app
from serving.api.settings import ApiSettings
from serving.errors import NoChampionError
from serving.recommend import Engine
from tests.insights.actions.written import chats
from tests.insights.script import write

MEASURE = {"finding": "volume", "group": {"channel": "web"}, "filters": {"zone": "Asia/Shanghai"}}


def nobody(*_: Any) -> Engine:
    raise NoChampionError("Nobody leads.")


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    write(tmp_path, chats({day: (4, 20) if day < 15 else (1, 5) for day in range(1, 29)}))
    settings = ApiSettings(workspace="shop", data_dir=tmp_path, port=0)
    with TestClient(create_app(settings, load=nobody), raise_server_exceptions=False) as found:
        yield found


def opened(client: TestClient, **told: Any) -> ActionDetail:
    answer = client.post("/v1/actions", json={"author": "ann", "title": "Shift", **told})
    assert answer.status_code == 200, answer.text
    return ActionDetail.model_validate(answer.json())


def test_an_item_is_opened_changed_and_measured(client: TestClient) -> None:
    item = opened(
        client, measure=MEASURE, owner="kim", due="2026-03-20", plan="call 13812345678"
    ).action
    assert item.plan == "call 138****5678"
    answer = client.post(
        f"/v1/actions/{item.id}/changes",
        json={"author": "kim", "status": "in_progress", "began": "2026-03-15T00:00:00Z"},
    )
    found = ActionDetail.model_validate(answer.json())
    assert found.effect is not None
    assert (found.effect.before.count, found.effect.after.count) == (56, 14)
    assert found.effect.verdict.startswith("better: down")
    assert [one.author for one in found.history] == ["ann", "kim"]
    assert client.get(f"/v1/actions/{item.id}").json() == answer.json()
    listed = ActionList.model_validate(client.get("/v1/actions").json())
    assert (listed.total, listed.actions[0].overdue) == (1, True)
    assert client.get("/v1/actions", params={"owner": "lee"}).json()["total"] == 0
    assert client.get("/v1/actions", params={"overdue": True, "owner": "kim"}).json()["total"] == 1


def test_why_there_is_no_effect_is_told(client: TestClient) -> None:
    assert opened(client).unmeasured == "it names no number that it shall move"
    assert opened(client, measure=MEASURE).unmeasured == "it has not begun"
    late = opened(client, measure={"finding": "waiting_now"}, began="2026-03-15T00:00:00Z")
    assert "has no past" in str(late.unmeasured)
    need = opened(client, need="pain_point.delivery", began="2026-03-15T00:00:00Z")
    assert "python -m features" in str(need.unmeasured)  # no text was analyzed


def test_what_cannot_be_is_refused_and_nothing_is_kept(client: TestClient) -> None:
    wrong: list[tuple[dict[str, Any], int]] = [
        ({"measure": {"finding": "volum"}}, 404),
        ({"measure": {"finding": "volume", "group": {"color": "red"}}}, 422),
        ({"measure": {"finding": "volume", "filters": {"since": "2026-03-01"}}}, 422),
        ({"alert": "nothing"}, 404),
        ({"title": ""}, 422),
    ]
    for told, status in wrong:
        answer = client.post("/v1/actions", json={"author": "ann", "title": "x", **told})
        assert answer.status_code == status, answer.text
    assert client.get("/v1/actions").json() == {"total": 0, "actions": []}
    assert client.get("/v1/actions/nothing").status_code == 404
    empty = client.post(f"/v1/actions/{opened(client).action.id}/changes", json={"author": "a"})
    assert empty.status_code == 422
