"""Profile cards over HTTP: opened by an event, edited, undone, confirmed; masked and durable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from serving.api.app import create_app
from serving.api.profile_schemas import CustomerCard, CustomerHistory, EditReceipt, Happenings
from serving.api.settings import ApiSettings
from serving.errors import NoChampionError
from serving.recommend import Engine
from tests.insights.profiles.shop import add, catalog, event, fact

MET = {
    "event_id": "met-1",
    "customer_id": "wmAnn",
    "kind": "contact_added",
    "agent_id": "li.lei",
    "occurred_at": "2026-03-01T09:30:00Z",
    "attributes": {"name": "安安", "avatar": "https://img.example/a", "add_way": 1},
}
AT = {"at": "2026-03-31T00:00:00Z"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """An endpoint without a champion: profiles need none. Each test has customers of its own."""
    root = tmp_path_factory.mktemp("data")
    for who in ("edit", "race", "confirm", "wrong"):
        phone = fact(f"{who}-1", "phone", "+8613812345678", 1, customer_id=who)
        add(root, "facts", phone, fact(f"{who}-2", "city", "上海", 1, customer_id=who))
    catalog(root, g1="Music > Guitars")
    add(root, "events", event(1, "purchase", 9, item_id="g1", customer_id="buyer"))
    app = create_app(ApiSettings(workspace="shop", data_dir=root, port=0), load=nobody)
    with TestClient(app, raise_server_exceptions=False) as found:
        yield found


def nobody(*_: Any) -> Engine:
    raise NoChampionError("Nobody leads.")


def card(client: TestClient, customer: str) -> CustomerCard:
    answer = client.get(f"/v1/customers/{customer}")
    assert answer.status_code == 200, answer.text
    return CustomerCard.model_validate(answer.json())


def edited(client: TestClient, path: str, body: dict[str, Any]) -> EditReceipt:
    answer = client.post(f"/v1/customers/{path}", json=body)
    assert answer.status_code == 200, answer.text
    return EditReceipt.model_validate(answer.json())


def entry(client: TestClient, customer: str, field: str) -> dict[str, list[str | None]]:
    (one,) = [each for each in card(client, customer).fields if each.field == field]
    return {
        "values": [each.value for each in one.values],
        "suggestions": [each.value for each in one.suggestions],
    }


def test_a_posted_event_of_adding_a_contact_opens_a_profile(client: TestClient) -> None:
    missing = client.get("/v1/customers/wmAnn")
    assert missing.status_code == 404
    assert "contact_added" in missing.json()["todo"]
    later = MET | {"available_at": MET["occurred_at"]}
    assert client.post("/v1/events", json=later).json()["accepted"] == 1
    found = card(client, "wmAnn")
    assert (found.name, found.avatar, found.source) == ("安安", "https://img.example/a", "api")
    (met,) = found.added
    assert (met.by, met.way, met.at.isoformat()) == ("li.lei", "1", "2026-03-01T09:30:00+00:00")
    assert client.get("/v1/customers/wmAnn", params={"at": "2026-02-01T00:00:00Z"}).json()[
        "added"
    ] == []  # fmt: skip


def test_interests_say_what_they_are_made_of(client: TestClient) -> None:
    answer = client.get("/v1/customers/buyer", params=AT)
    (one,) = CustomerCard.model_validate(answer.json()).interests
    (part,) = one.parts
    assert (one.name, part.name, part.count) == ("Music > Guitars", "purchases", 1)
    assert one.score == part.points == pytest.approx(3 * 2 ** (-9 / 60), abs=1e-4)
    assert client.get("/v1/customers/buyer", params={"at": "soon"}).status_code == 422


def test_an_edit_shows_in_the_next_answer_is_on_disk_and_is_undone(
    client: TestClient,
) -> None:
    body = {"field": "city", "value": "苏州", "author": "kim", "replaces": "edit-2"}
    done = edited(client, "edit/facts", body)
    assert [one.fact_id for one in done.replaced] == ["edit-2"]
    assert entry(client, "edit", "city") == {"values": ["苏州"], "suggestions": ["上海"]}
    back = edited(client, f"edit/facts/{done.fact.fact_id}/undo", {"author": "lee"})
    assert entry(client, "edit", "city")["values"] == ["上海"]
    edited(client, f"edit/facts/{back.fact.fact_id}/undo", {"author": "kim"})
    assert entry(client, "edit", "city")["values"] == ["苏州"]
    answer = client.get("/v1/customers/edit/history", params={"limit": 4})
    told = CustomerHistory.model_validate(answer.json())
    assert told.total == 5
    assert [(one.value, one.author, one.stands) for one in told.statements] == [
        (None, "kim", True), (None, "lee", False), ("苏州", "kim", True),
        ("上海", "analyzer", True),
    ]  # fmt: skip
    assert told.statements[1].taken_back_by == told.statements[0].fact_id
    rest = client.get("/v1/customers/edit/history", params={"offset": 4}).json()
    assert [one["fact_id"] for one in rest["statements"]] == ["edit-1"]


def test_the_later_of_two_is_told_who_was_faster(client: TestClient) -> None:
    seen = {"field": "city", "replaces": "race-2"}
    edited(client, "race/facts", seen | {"value": "苏州", "author": "kim"})
    late = client.post("/v1/customers/race/facts", json=seen | {"value": "杭州", "author": "lee"})
    assert late.status_code == 409
    assert "kim" in late.json()["detail"]
    assert late.json()["received"] == "苏州"
    assert client.get("/v1/customers/race/history").json()["total"] == 3
    over = edited(client, "race/facts", {"field": "city", "value": "杭州", "author": "lee"})
    assert [(one.value, one.author) for one in over.replaced] == [("苏州", "kim")]


def test_confirming_a_suggestion_makes_it_entered(client: TestClient) -> None:
    done = edited(client, "confirm/facts/confirm-1/confirm", {"author": "kim"})
    assert (done.fact.authority, done.fact.value) == ("manual", "+861******5678")
    assert done.fact.evidence == {"confirms": "confirm-1"}
    assert "12345678" not in client.get("/v1/customers/confirm").text
    assert "12345678" not in client.get("/v1/customers/confirm/history").text


def test_what_cannot_be_stored_is_told(client: TestClient) -> None:
    said = {"field": "city", "value": "x", "author": "k"}
    for path, body, status, part in (
        ("wrong/facts", {"field": "city", "value": "x"}, 422, "author"),
        ("wrong/facts", said | {"value": "13*****"}, 422, "three stars"),
        ("nobody/facts", said, 404, "Nothing is stored"),
        ("wrong/facts/f9/undo", {"author": "kim"}, 404, "no such statement"),
        ("wrong/facts/f9/confirm", {"author": " "}, 422, "author"),
        ("wrong/facts", said | {"fact_id": "wrong-1"}, 422, "key of another"),
        ("edit/facts", said | {"fact_id": "wrong-2"}, 422, "key of another"),
    ):
        answer = client.post(f"/v1/customers/{path}", json=body)
        assert answer.status_code == status, answer.text
        assert part in answer.text
        assert answer.headers["content-type"] == "application/problem+json"


def test_what_a_customer_does_toward_staff_is_a_feed(client: TestClient) -> None:
    done = {"customer_id": "wmBob", "agent_id": "li.lei"}
    posted = [
        {**done, "event_id": "b1", "kind": "contact_added", "occurred_at": "2026-03-01T09:00:00Z"},
        {**done, "event_id": "b2", "kind": "link_opened", "occurred_at": "2026-03-02T09:00:00Z"},
        {**done, "event_id": "b3", "kind": "purchase", "item_id": "g1",
         "occurred_at": "2026-03-02T10:00:00Z"},
        {**done, "event_id": "b4", "kind": "contact_deleted",
         "occurred_at": "2026-03-03T09:00:00Z"},
    ]  # fmt: skip
    assert client.post("/v1/events", json=posted).json()["accepted"] == 4

    def feed(**asked: Any) -> Happenings:
        answer = client.get("/v1/customers/wmBob/happenings", params=asked)
        assert answer.status_code == 200, answer.text
        return Happenings.model_validate(answer.json())

    assert [one.kind for one in feed().happenings] == [
        "contact_deleted", "link_opened", "contact_added",
    ]  # fmt: skip
    assert [one.event_id for one in feed(leaving=True).happenings] == ["b4"]
    assert [one.event_id for one in feed(kind=["link_opened", "pat"]).happenings] == ["b2"]
    page = feed(limit=1, offset=1)
    assert (page.total, [one.event_id for one in page.happenings]) == (3, ["b2"])
    assert [one.leaving for one in card(client, "wmBob").happenings] == [True, False, False]
    assert client.get("/v1/customers/nobody-here/happenings").status_code == 404
