"""The endpoint over the small business: routes, errors, events, metrics, OpenAPI."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from time import sleep
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel

from ingest.store import Store
from serving.api import (
    action_schemas,
    alert_schemas,
    case_schemas,
    conversation_schemas,
    event_schemas,
    insight_schemas,
    label_schemas,
    message_schemas,
    need_schemas,
    profile_schemas,
    report_schemas,
    schemas,
)
from serving.api.app import create_app, route_table
from serving.api.settings import ApiSettings
from serving.errors import NoChampionError
from serving.ranked import Options
from serving.recommend import Engine
from tests.serving.shop import EVENT, make_engine, wait_until_ready


@pytest.fixture
def app(store: Store, engine: Engine, tmp_path: Path) -> FastAPI:
    settings = ApiSettings(workspace="shop", data_dir=tmp_path / "data", port=0)
    return create_app(settings, load=lambda *_: engine)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as found:
        wait_until_ready(found)
        yield found


def test_recommendations_have_the_documented_form(client: TestClient) -> None:
    answer = client.get("/v1/customers/c00/recommendations", params={"k": 2, "category": "garden"})
    assert answer.status_code == 200
    found = schemas.RecommendationList.model_validate(answer.json())
    assert found.origin == "model"
    assert [item.rank for item in found.items] == [1]
    assert found.items[0].reason.startswith("Because you bought")
    assert found.model.version == "7"


def test_many_customers_are_answered_in_order(client: TestClient) -> None:
    asked = [f"c{n:02d}" for n in range(39, -1, -1)] * 3 + ["nobody"]
    answer = client.post("/v1/recommendations", json={"customer_ids": asked, "k": 3, "lang": "zh"})
    found = schemas.ManyRecommendations.model_validate(answer.json())
    assert [one.customer_id for one in found.customers] == list(dict.fromkeys(asked))
    assert found.customers[-1].origin == "fallback"
    assert "热门" in str(found.customers[-1].message)


def test_online_and_direct_rankings_are_equal(client: TestClient, engine: Engine) -> None:
    for category in (None, "Music"):
        asked = [f"c{n:02d}" for n in range(42)] + ["nobody"]
        body = {"customer_ids": asked, "k": 4, "category": category}
        online = client.post("/v1/recommendations", json=body).json()["customers"]
        table = engine.recommend(asked, 4, Options(category=category)).to_pylist()
        flat = [{"customer_id": one["customer_id"], **i} for one in online for i in one["items"]]
        assert [{k: row[k] for k in flat[0]} for row in table] == flat


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("k=0", "query.k"),
        ("k=many", "query.k"),
        ("lang=fr", "query.lang"),
        ("exclude_seen=perhaps", "query.exclude_seen"),
    ],
)
def test_a_bad_query_says_where_and_why(client: TestClient, query: str, where: str) -> None:
    answer = client.get(f"/v1/customers/c00/recommendations?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    found = schemas.Problem.model_validate(answer.json())
    assert where in found.detail
    assert found.expected
    assert found.received
    assert found.todo


def test_an_unknown_category_is_a_422_with_close_names(client: TestClient) -> None:
    answer = client.get("/v1/customers/c00/recommendations?category=Gitars")
    assert answer.status_code == 422
    assert "Music > Guitars" in answer.json()["expected"]


def test_similar_items_and_unknown_items(client: TestClient) -> None:
    found = schemas.SimilarItems.model_validate(client.get("/v1/items/g1/similar?k=2").json())
    assert found.title == "Spade"
    assert {item.item_id for item in found.items} == {"g2", "g3"}
    answer = client.get("/v1/items/zz/similar")
    assert answer.status_code == 404
    assert "does not know the item 'zz'" in answer.json()["detail"]


def test_an_event_is_durable_idempotent_and_used_at_once(
    client: TestClient, store: Store, app: FastAPI, tmp_path: Path
) -> None:
    url = "/v1/customers/newcomer/recommendations?k=3"
    assert client.get(url).json()["origin"] == "fallback"
    receipt = event_schemas.EventsReceipt.model_validate(
        client.post("/v1/events", json=EVENT).json()
    )
    assert (receipt.accepted, receipt.duplicate, receipt.rejected) == (1, 0, 0)
    on_disk = Store(tmp_path / "data" / "shop" / "store").read("events").to_pandas()
    assert (on_disk["event_id"] == "p1").sum() == 1
    items = client.get(url).json()["items"]
    assert {items[0]["item_id"], items[1]["item_id"]} == {"g2", "g3"}
    assert items[0]["reason"] == "Because you bought Spade."
    again = client.post("/v1/events", json=EVENT).json()
    assert (again["accepted"], again["duplicate"]) == (0, 1)
    assert "huaxiang_overlay_events 1.0" in client.get("/metrics").text


def test_a_list_of_events_keeps_the_good_and_explains_the_bad(client: TestClient) -> None:
    client.post("/v1/events", json=EVENT)
    events = [
        EVENT,
        {**EVENT, "event_id": "p2"},
        {**EVENT, "event_id": "p2"},
        {**EVENT, "event_id": "p3", "occurred_at": "2026-03-02T10:00:00"},
        {**EVENT, "event_id": "p4", "kind": "Bought It"},
        {**EVENT, "event_id": "p5", "colour": "red"},
        {**EVENT, "event_id": "p6", "occurred_at": "2950-01-01T00:00:00Z"},
        "nonsense",
        {**EVENT, "event_id": "p7", "attributes": {"shop": "north"}, "quantity": 2},
    ]
    receipt = event_schemas.EventsReceipt.model_validate(
        client.post("/v1/events", json=events).json()
    )
    assert (receipt.accepted, receipt.duplicate, receipt.rejected) == (2, 2, 5)
    assert receipt.received == 9
    told = {one.index: (one.where, one.expected) for one in receipt.rejections}
    assert "timezone" in told[3][1]
    assert told[4][0] == "kind"
    assert told[5][0] == "colour"
    assert told[6] == ("occurred_at", "a time between 1900 and 2200")
    assert 7 in told


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"{", "one event or a list of events as JSON"),
        (b"[]", "1 to 1000 events"),
        (b'"' + b"x" * 1_000_001 + b'"', "at most 1000000 bytes"),
    ],
)
def test_a_body_that_is_no_event_is_refused(client: TestClient, body: bytes, expected: str) -> None:
    answer = client.post("/v1/events", content=body)
    assert answer.status_code == 422
    assert answer.json()["expected"] == expected


def test_a_request_of_only_bad_events_is_a_422(client: TestClient) -> None:
    answer = client.post("/v1/events", json={"customer_id": "c00"})
    assert answer.status_code == 422
    assert answer.json()["rejected"] == 1


def test_events_of_earlier_runs_are_used_after_a_restart(
    app: FastAPI, store: Store, engine: Engine, tmp_path: Path
) -> None:
    with TestClient(app) as first:
        wait_until_ready(first)
        first.post("/v1/events", json=EVENT)
    settings = ApiSettings(workspace="shop", data_dir=tmp_path / "data")
    fresh = make_engine(store, engine.model)
    with TestClient(create_app(settings, load=lambda *_: fresh)) as second:
        wait_until_ready(second)
        assert second.get("/ready").json()["overlay_events"] == 1
        answer = second.get("/v1/customers/newcomer/recommendations?k=2").json()
    assert answer["origin"] == "model"


def test_not_ready_says_why_and_events_are_taken_anyway(store: Store, tmp_path: Path) -> None:
    def no_champion(*_: object) -> Engine:
        raise NoChampionError("Workspace 'shop' has no champion.")

    settings = ApiSettings(workspace="shop", data_dir=tmp_path / "data", retry_seconds=0.05)
    with TestClient(create_app(settings, load=no_champion)) as client:
        sleep(0.1)
        answer = client.get("/ready")
        assert answer.status_code == 503
        assert "has no champion" in answer.json()["detail"]
        assert "python -m training" in answer.json()["todo"]
        assert answer.headers["retry-after"]
        assert client.get("/v1/customers/c00/recommendations").status_code == 503
        assert client.get("/health").json()["status"] == "ok"
        assert client.post("/v1/events", json=EVENT).json()["accepted"] == 1


def test_a_profile_without_features_says_what_to_run(client: TestClient) -> None:
    answer = client.get("/v1/customers/c00/profile")
    assert answer.status_code == 503
    assert "python -m features workspace=shop" in answer.json()["todo"]


def test_an_unforeseen_error_hides_its_inside(client: TestClient, engine: Engine) -> None:
    engine.similar = None  # type: ignore[method-assign,assignment]
    answer = client.get("/v1/items/g1/similar")
    assert answer.status_code == 500
    assert answer.json()["reference"] in answer.json()["todo"]
    assert "NoneType" not in answer.text


def test_other_errors_have_the_same_form(client: TestClient) -> None:
    for answer, status in ((client.get("/v2/nothing"), 404), (client.delete("/health"), 405)):
        assert answer.status_code == status
        assert "/docs" in schemas.Problem.model_validate(answer.json()).todo


def test_metrics_count_by_route_template(client: TestClient) -> None:
    client.get("/v1/customers/c00/recommendations")
    client.get("/v1/customers/c01/recommendations?k=0")
    client.get("/nowhere")
    template = "/v1/customers/{customer_id}/recommendations"
    expected = [
        f'requests_total{{method="GET",route="{template}",status="200"}} 1.0',
        f'requests_total{{method="GET",route="{template}",status="422"}} 1.0',
        'route="unmatched",status="404"',
        'huaxiang_model_info{model="together",version="7",workspace="shop"} 1.0',
    ]
    text = client.get("/metrics").text
    assert [line for line in expected if line not in text] == []
    assert "c00" not in text


def examples(operation: dict[str, Any], components: dict[str, Any]) -> bool:
    content = operation["responses"]["200"]["content"]
    for form in content.values():
        if "example" in form:
            return True
        name = form["schema"].get("$ref", "").rsplit("/", 1)[-1]
        if "examples" in components.get(name, {}):
            return True
    return False


def test_the_pages_of_the_documentation_load_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/docs").text
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert any(name.endswith("swagger-ui-bundle.js") for name in loaded)
    for name in loaded:
        assert name.startswith("/"), name
        assert client.get(name).status_code == 200


def test_every_route_is_described_with_an_example(app: FastAPI) -> None:
    page = app.openapi()
    components = page["components"]["schemas"]
    table = route_table()
    assert len(table) == 37
    for method, path in table:
        operation = page["paths"][path][method.lower()]
        assert operation["summary"], path
        assert operation["description"], path
        assert examples(operation, components), path
        if "requestBody" in operation:
            form = operation["requestBody"]["content"]["application/json"]
            name = form["schema"].get("$ref", "").rsplit("/", 1)[-1]
            assert "example" in form or "examples" in components[name], path


def forms_with_examples() -> list[type[BaseModel]]:
    chats = (message_schemas, insight_schemas, conversation_schemas, need_schemas, alert_schemas)
    work = (action_schemas, case_schemas, report_schemas)
    modules = (schemas, event_schemas, label_schemas, profile_schemas, *chats, *work)
    named = {name: value for module in modules for name, value in vars(module).items()}.values()
    forms = [form for form in named if isinstance(form, type) and issubclass(form, BaseModel)]
    return [form for form in forms if "json_schema_extra" in form.model_config]


@pytest.mark.parametrize("form", forms_with_examples(), ids=lambda form: form.__name__)
def test_documented_examples_are_what_is_sent(form: type[BaseModel]) -> None:
    documented: Any = form.model_config["json_schema_extra"]
    assert documented["examples"]
    for example in documented["examples"]:
        assert set(example) <= set(form.model_fields)
        assert form.model_validate(example).model_dump(mode="json", exclude_unset=True) == example


def test_every_question_and_answer_has_an_example() -> None:
    assert {form.__name__ for form in forms_with_examples()} == {
        "ChatlogBody",
        "MessageIn",
        "MessagesReceipt",
        "WebhookReceipt",
        "RecommendationList",
        "ManyRecommendations",
        "Profile",
        "SimilarItems",
        "EventIn",
        "EventsReceipt",
        "Health",
        "Readiness",
        "Problem",
        "RecommendationsQuestion",
        "LabelIn",
        "LabelsReceipt",
        "Insight",
        "InsightList",
        "InsightTable",
        "Members",
        "Conversation",
        "Conversations",
        "Transcript",
        "AuthorIn",
        "CustomerCard",
        "CustomerHistory",
        "EditReceipt",
        "AcknowledgeIn",
        "Alert",
        "Alerts",
        "DecisionIn",
        "Decisions",
        "MuteIn",
        "Needs",
        "Happenings",
        "ActionIn",
        "ActionChangeIn",
        "ActionOut",
        "ActionDetail",
        "ActionList",
        "Case",
        "Cases",
        "VerdictIn",
        "SavedReport",
        "SavedReportList",
    }
