"""Insights and conversations over HTTP: the verb's numbers, opened, and new messages counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from ingest.workspace import Workspace
from insights.filters import Filters
from insights.registry import FINDINGS, find
from insights.tables import Tables
from serving.api import conversation_schemas, insight_schemas
from serving.api.app import create_app
from serving.api.settings import ApiSettings
from serving.errors import NoChampionError
from serving.recommend import Engine
from tests.insights.script import write

CHAT = """
    10:00 a customer:c1
    10:04 a agent:ann
    10:05 a labeled=vip
    10:06 a labeled=refund
    10:30 a resolved
    02T17:00 b customer:c2 channel=phone
    02T17:01 b agent:ann private channel=phone
    02T17:02 b customer:c2 channel=phone recalled
    02T17:09 b agent:bob channel=phone
    02T17:20 b labeled=vip
    03T10:00 c/1 customer:c1 source=simulated
    03T12:00 room customer:c3 source=wecom
"""
MESSAGE = {
    "message_id": "new-1",
    "conversation_id": "new",
    "customer_id": "c01",
    "sender_role": "customer",
    "text": "我的电话是13800138000,请回电",
    "channel": "web",
    "occurred_at": "2026-03-05T17:30:00+08:00",
}


def no_champion(*_: object) -> Engine:
    raise NoChampionError("Workspace 'shop' has no champion.")


@contextmanager
def served(data: Path, workspace: str = "shop") -> Iterator[TestClient]:
    settings = ApiSettings(workspace=workspace, data_dir=data, retry_seconds=3600)
    app = create_app(settings, load=no_champion)
    with TestClient(app, raise_server_exceptions=False) as found:
        yield found


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def client(data: Path) -> Iterator[TestClient]:
    write(data, CHAT)
    with served(data) as found:
        yield found


def get(client: TestClient, path: str, **query: Any) -> Any:
    answer = client.get(path, params=query or None)  # {} would take the path's own query away
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_registry_tells_all_there_is(client: TestClient) -> None:
    found = insight_schemas.InsightList.model_validate(get(client, "/v1/insights")).insights
    assert [one.id for one in found] == list(FINDINGS)
    told = {one.id: one for one in found}
    chart = told["corrected/traffic"].chart
    assert (chart.kind, chart.x, chart.series, chart.value) == (
        "heatmap", "hour_of_day", ["weekday"], "count",
    )  # fmt: skip
    assert {"day", "week", "channel", "category"} <= set(told["corrected/volume"].splits)
    assert "channel" not in told["topic_sentiment"].filters
    assert told["chatwoot/reply_time"].title_zh == "回复时间"


def test_a_table_is_the_verbs(client: TestClient, data: Path) -> None:
    told = get(client, "/v1/insights/volume", by=["day", "channel"], zone="Asia/Shanghai")
    found = insight_schemas.InsightTable.model_validate(told)
    assert (found.by, found.zone, found.session_gap) == (
        ["period", "channel"], "Asia/Shanghai", "30 min",
    )  # fmt: skip
    assert found.simulated
    filters = Filters(zone="Asia/Shanghai", period="day")
    tables = Tables(Workspace.named("shop", data))
    table = find("volume").table(tables, filters, ["period", "channel"])
    assert len(found.rows) == len(table)
    for row, expected in zip(found.rows, table.to_dict("records"), strict=True):
        assert {name: row[name] for name in ("period", "channel", "count")} == {
            name: expected[name] for name in ("period", "channel", "count")
        }
    assert found.rows[0]["previous"] is None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, 4),
        ({"label": ["vip", "refund"]}, 1),
        ({"label": ["vip", "refund"], "label_match": "any"}, 2),
        ({"channel": "phone"}, 1),
        ({"channel": ["phone", "web"], "agent": "ann"}, 1),
        ({"customer": "c1"}, 2),
        ({"source": "simulated"}, 1),
        ({"since": "2026-03-03", "zone": "Asia/Shanghai"}, 3),
        ({"since": "2026-03-03", "until": "2026-03-03T11:00"}, 1),
        ({"family": "chatwoot"}, 4),
    ],
)
def test_filters_are_the_verbs(client: TestClient, query: dict[str, Any], expected: int) -> None:
    (row,) = get(client, "/v1/insights/volume", by="", **query)["rows"]
    assert row["count"] == expected
    assert get(client, row["members"])["total"] == expected
    if "family" not in query:
        assert get(client, "/v1/conversations", **query)["total"] == expected


ANALYZED = (
    *("satisfaction_estimated", "frequent_questions"),
    *("needs", "need_products", "need_coverage", "keywords", "mood", "mood_changes"),
    "personal_data",
)


@pytest.mark.parametrize(
    "finding",
    [finding for finding in FINDINGS.values() if "label" in finding.filtered_by],
    ids=lambda finding: finding.id,
)
def test_every_number_opens_into_as_many_records(client: TestClient, finding: Any) -> None:
    if finding.name == "volume_forecast":
        answer = client.get(f"/v1/insights/{finding.name}")
        assert answer.status_code == 422
        assert "needs 12 whole weeks of history" in str(answer.json()["detail"])
        return
    if finding.name in ANALYZED:
        answer = client.get(f"/v1/insights/{finding.name}")
        assert answer.status_code == 503
        assert "python -m features workspace=shop" in answer.json()["detail"]
        return
    if finding.name == "need_effect":
        answer = client.get("/v1/insights/need_effect")
        assert answer.status_code == 422
        assert "needs.change" in answer.json()["detail"]
        return
    family: dict[str, Any] = {} if finding.family is None else {"family": finding.family}
    told = get(client, f"/v1/insights/{finding.name}", period="day", **family)
    for row in told["rows"]:
        opened = insight_schemas.Members.model_validate(get(client, row["members"]))
        assert (opened.total, len(opened.rows)) == (row["count"], row["count"])
        for record in opened.rows:
            assert {name: record[name] for name in opened.group} == opened.group
            assert get(client, f"/v1/conversations/{record['conversation_id']}")["messages"]


def test_members_come_page_by_page(client: TestClient) -> None:
    page = get(client, "/v1/insights/volume/members", limit=3, zone="Asia/Shanghai")
    assert (page["total"], len(page["rows"])) == (4, 3)
    last = get(client, page["next"])
    assert (last["next"], last["zone"]) == (None, "Asia/Shanghai")
    records = [row["record_id"] for row in (*page["rows"], *last["rows"])]
    assert [name.partition("~")[0] for name in records] == ["a", "b", "c/1", "room"]
    assert page["rows"][0]["at"] == "2026-03-02T10:00:00+00:00"
    assert page["rows"][1]["resolved_at"] is None


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/v1/insights/volum", 404, "did you mean 'volume'"),
        ("/v1/insights/active_time?family=chatwoot", 404, "no finding 'chatwoot/active_time'"),
        ("/v1/insights/volume?zone=Asia/Shanghi", 422, "unknown time zone 'Asia/Shanghi'"),
        ("/v1/insights/volume?since=2026-03-03&until=2026-03-02", 422, "must be before until"),
        ("/v1/insights/volume?by=color", 422, "can be split by"),
        ("/v1/insights/volume?by=day&by=week", 422, "expected one of hour, day, week, month"),
        ("/v1/insights/volume?colour=red", 422, "query.colour"),
        ('/v1/insights/volume/members?group={"color":1}', 422, "received color"),
        ("/v1/insights/volume/members?group=color", 422, "Invalid JSON"),
        ("/v1/insights/volume/members?limit=0", 422, "query.limit"),
        ("/v1/conversations?sort=color", 422, "query.sort"),
        ("/v1/conversations/nothing", 404, "no conversation 'nothing'"),
    ],
)
def test_mistakes_are_answered_as_the_verb_does(
    client: TestClient, path: str, status: int, told: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert told in answer.json()["detail"]


def test_conversations_are_sorted_and_paged(client: TestClient) -> None:
    page = conversation_schemas.Conversations.model_validate(
        get(client, "/v1/conversations", limit=3)
    )
    ids = [one.conversation_id.partition("~")[0] for one in page.conversations]
    assert (page.total, ids) == (4, ["room", "c/1", "b"])
    rest = get(client, page.next)["conversations"]
    assert [one["conversation_id"] for one in rest] == ["a"]
    assert (rest[0]["agents"], rest[0]["labels"]) == (["ann"], ["refund", "vip"])
    slowest = get(client, "/v1/conversations", sort="-first_response_minutes")["conversations"]
    assert [one["first_response_minutes"] for one in slowest] == [9.0, 4.0, None, None]
    waiting = get(client, "/v1/conversations", waiting=True, sort="opened_at")
    assert waiting["conversations"][0]["conversation_id"] == "c/1"
    assert get(client, "/v1/conversations", waiting=False)["total"] == 2


def test_a_conversation_is_read_with_hidden_things_marked(client: TestClient) -> None:
    found = conversation_schemas.Transcript.model_validate(get(client, "/v1/conversations/b"))
    told = [(one.direction, one.sender_id, one.private, one.text) for one in found.messages]
    assert told == [
        ("in", "c2", False, "hello"),
        ("out", "ann", True, "hello"),
        ("in", "c2", False, None),
        ("out", "bob", False, "hello"),
        ("system", None, False, "vip"),
    ]
    assert [one.recalled for one in found.messages] == [False, False, True, False, False]
    assert found.conversation.first_response_minutes == 9.0
    first = get(client, "/v1/conversations/b", limit=4)
    assert [one["text"] for one in get(client, first["next"])["messages"]] == ["vip"]


def test_a_posted_message_is_counted_by_the_very_next_answer(tmp_path: Path) -> None:
    with served(tmp_path) as client:
        assert get(client, "/v1/insights/volume")["rows"] == []
        empty = get(client, "/v1/conversations")
        assert empty == {"total": 0, "next": None, "conversations": []}
        for number in (1, 2):
            told = {**MESSAGE, "message_id": f"n{number}", "conversation_id": f"new{number}"}
            assert client.post("/v1/messages", json=told).json()["accepted"] == 1
            (row,) = get(client, "/v1/insights/volume", by="", channel="web")["rows"]
            assert row["count"] == number
        reply = {"message_id": "n9", "conversation_id": "new1", "sender_role": "agent"}
        reply |= {"agent_id": "kim", "occurred_at": "2026-03-05T17:42:00+08:00"}
        client.post("/v1/messages", json={**MESSAGE, **reply, "customer_id": None})
        (row,) = get(client, "/v1/insights/first_response_time", by="agent", agent="kim")["rows"]
        assert (row["count"], row["mean"]) == (1, 12.0)
        opened = get(client, "/v1/conversations/new1")
        assert opened["messages"][0]["text"] == "我的电话是138****8000,请回电"
        assert opened["conversation"]["first_response_minutes"] == 12.0
