"""The row scope of questions: whose customers somebody's are, and that nothing else is counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from insights.filters import Filters
from insights.finding import Finding
from insights.listing import listed
from insights.needs.cards import need_cards
from insights.own_customers import own_customers
from insights.registry import FINDINGS, find
from insights.tables import Tables
from serving.api.app import create_app
from serving.api.settings import ApiSettings
from serving.errors import NoChampionError
from serving.recommend import Engine
from tests.insights.needs.workspace import said
from tests.insights.needs.workspace import write as needing
from tests.insights.profiles.shop import add
from tests.insights.script import moment, write

CHATS = """
    02T10:00 a customer:c1
    02T10:05 a agent:ann
    02T10:20 a agent:bob
    02T11:00 b customer:c2
    02T11:05 b agent:bob
    02T12:00 c customer:c3
    02T12:05 c private agent:ann
    02T13:00 d customer:c4
    02T14:00 e customer:c5
"""


def contact(number: int, kind: str, customer: str, day: int, agent: str = "ann") -> dict[str, Any]:
    at = moment(f"{day:02d}T09:00")
    return {
        "event_id": f"k{number}", "kind": kind, "customer_id": customer, "agent_id": agent,
        "occurred_at": at,
    }  # fmt: skip


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    found = write(tmp_path, CHATS)
    add(
        tmp_path,
        "events",
        contact(1, "contact_added", "c4", 1),
        contact(2, "contact_added", "c5", 1),
        contact(3, "contact_deleted", "c5", 2),
        contact(4, "contact_added", "c2", 1, agent="bob"),
    )
    return found


def names(tables: Tables, *agents: str) -> list[str]:
    return sorted(own_customers(tables, agents).to_pandas()["customer_id"])


def test_own_are_contacts_that_stand_and_those_who_were_answered(tables: Tables) -> None:
    # c3 saw only a private note of hers, c5 deleted her
    assert names(tables, "ann") == ["c1", "c4"]
    assert names(tables, "bob") == ["c1", "c2"]
    assert names(tables, "ann", "bob") == ["c1", "c2", "c4"]
    assert names(tables, "eve") == []


def test_who_comes_back_is_a_contact_again(tables: Tables, tmp_path: Path) -> None:
    add(tmp_path, "events", contact(9, "contact_added", "c5", 3))
    assert names(tables, "ann") == ["c1", "c4", "c5"]


@pytest.mark.parametrize(
    "finding", [one for one in FINDINGS.values() if one.family], ids=lambda one: one.id
)
def test_no_finding_counts_the_customers_of_others(finding: Finding, tables: Tables) -> None:
    filters = Filters(own_of="ann", until=moment("03T00:00"))
    try:
        rows = finding.rows(tables, filters).to_pandas()
    except FileNotFoundError as error:  # texts of this workspace were not analyzed
        told = str(error)
    except ValueError as error:  # refused: records without a customer, or too little history
        told = str(error)
    else:
        told = "counted"
        assert set(rows["customer_id"]) <= {"c1", "c4"}
    assert any(word in told for word in ("counted", "own_of", "python -m features", "history"))


def test_lists_and_needs_are_scoped_too(tables: Tables, tmp_path: Path) -> None:
    mine = listed(tables, Filters(own_of="ann")).to_pandas()
    assert sorted(mine["conversation_id"]) == ["a", "d"]
    labels = {"labels": {"customer_needs": "pricing"}}
    said_by = [said(day, f"c{day}", text=f"dear {day}", **labels) for day in range(6)]
    needs = needing(tmp_path / "needs", said_by)
    add(tmp_path / "needs", "events", contact(1, "contact_added", "c4", 1))
    (card,) = need_cards(needs, Filters(own_of="ann"))
    assert (card.texts, [quote.text for quote in card.quotes]) == (1, ["dear 4"])
    assert find("needs").drill(needs, Filters(own_of="ann"))["customer_id"].tolist() == ["c4"]


def nobody(*_: Any) -> Engine:
    raise NoChampionError("Nobody leads.")


@pytest.fixture
def client(tables: Tables, tmp_path: Path) -> Iterator[TestClient]:
    app = create_app(ApiSettings(workspace="shop", data_dir=tmp_path, port=0), load=nobody)
    with TestClient(app, raise_server_exceptions=False) as found:
        yield found


def test_questions_over_http_are_scoped(client: TestClient) -> None:
    told = client.get("/v1/conversations", params={"own_of": "ann"}).json()
    assert {one["customer_id"] for one in told["conversations"]} == {"c1", "c4"}
    answer = client.get("/v1/insights/volume", params={"by": "agent", "own_of": "ann"}).json()
    assert sum(row["count"] for row in answer["rows"]) == 2
    opened = client.get(answer["rows"][0]["members"]).json()  # the link keeps the scope
    assert {row["customer_id"] for row in opened["rows"]} <= {"c1", "c4"}
    known = {one["id"]: one["filters"] for one in client.get("/v1/insights").json()["insights"]}
    assert "own_of" in known["corrected/volume"]
