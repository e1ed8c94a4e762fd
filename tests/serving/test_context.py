"""The context of a request: a model that tells contexts apart answers morning and evening."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from ingest.store import Store
from serving.api.app import create_app
from serving.api.settings import ApiSettings
from serving.batch.run import BatchSettings
from serving.ranked import Options
from serving.recommend import Engine
from tests.serving.shop import UNTIL, make_engine, rows, wait_until_ready
from training.interactions import Interactions
from training.models.context import Context
from training.models.fallback import WithFallback
from training.models.popular import RecentPopularity
from training.models.ranker import Ranker

MORNING, EVENING = "2026-03-02T08:30:00Z", "2026-03-02T20:30:00Z"
COFFEE, WINE = {"k1", "k2", "k3"}, {"w1", "w2", "w3"}
DAYS = 84


def drinks(store: Store) -> Interactions:
    """Load a shop where everybody has coffee in the morning on the web, wine at night at the till.

    Both alike often, so that only the situation tells what is wanted.
    """
    rng = np.random.default_rng(6)
    events: list[dict[str, object]] = []
    for customer in range(60):
        for day in range(0, DAYS, 3):
            early = bool(rng.random() < 0.5)
            at = UNTIL - timedelta(days=DAYS - day) + timedelta(hours=8 if early else 20)
            channel = "web" if early else "till"
            events.append(
                {"event_id": f"e{len(events)}", "customer_id": f"c{customer:02d}",
                 "kind": "purchase", "item_id": f"{'k' if early else 'w'}{rng.integers(1, 4)}",
                 "occurred_at": at, "available_at": at, "attributes": f'{{"channel":"{channel}"}}'}
            )  # fmt: skip
    items = [
        {"item_id": item, "title": f"{'Coffee' if item < 'l' else 'Wine'} {item[1]}"}
        for item in sorted(COFFEE | WINE)
    ]
    store.add("items", rows("items", items))
    store.add("events", rows("events", events))
    return Interactions.from_store(store, kinds=["purchase"], before=UNTIL)


def engine_of(store: Store, data: Interactions, *, context: bool) -> Engine:
    ranker = Ranker(
        sources={"popular": RecentPopularity(days=28)}, task="again", trees=30, leaves=7,
        windows=2, window_days=14, context=context,
    )  # fmt: skip
    return make_engine(store, WithFallback(primary=ranker, fallback=RecentPopularity()).fit(data))


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Engine]:
    """Return an engine by whether its model tells contexts apart."""
    store = Store(tmp_path_factory.mktemp("drinks") / "shop" / "store")
    data = drinks(store)
    return {told: engine_of(store, data, context=told) for told in (True, False)}


def served(engine: Engine, folder: Path) -> Iterator[TestClient]:
    settings = ApiSettings(workspace="shop", data_dir=folder, port=0)
    with TestClient(create_app(settings, load=lambda *_: engine)) as found:
        wait_until_ready(found)
        yield found


@pytest.fixture
def client(engines: dict[bool, Engine], tmp_path: Path) -> Iterator[TestClient]:
    yield from served(engines[True], tmp_path)


@pytest.fixture
def plain(engines: dict[bool, Engine], tmp_path: Path) -> Iterator[TestClient]:
    yield from served(engines[False], tmp_path)


def listed(client: TestClient, **asked: Any) -> list[str]:
    """Return the three items that a customer is shown first."""
    given = {"k": 3, "exclude_seen": False, **asked}
    answer = client.get("/v1/customers/c05/recommendations", params=given)
    assert answer.status_code == 200, answer.json()
    return [item["item_id"] for item in answer.json()["items"]]


def test_morning_and_evening_are_answered_differently(client: TestClient) -> None:
    assert set(listed(client, at=MORNING, channel="web")) == COFFEE
    assert set(listed(client, at=EVENING, channel="till")) == WINE


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({"at": MORNING}, COFFEE),
        ({"at": "2026-03-02T21:30:00+01:00"}, WINE),  # the zone is told: 20:30 UTC
        ({"hour": 8, "weekday": 2}, COFFEE),
        ({"at": MORNING, "hour": 20}, WINE),  # the hour is told in place of that of the time
        ({"hour": 20, "channel": "fax"}, WINE),
    ],
)
def test_each_part_of_the_context_counts(
    client: TestClient, asked: dict[str, Any], wanted: set[str]
) -> None:
    assert set(listed(client, **asked)) == wanted


def test_many_customers_share_a_context(client: TestClient) -> None:
    body = {"customer_ids": ["c05", "c06"], "k": 3, "exclude_seen": False}
    for at, wanted in ((MORNING, COFFEE), (EVENING, WINE)):
        answer = client.post("/v1/recommendations", json={**body, "at": at}).json()
        for one in answer["customers"]:
            assert {item["item_id"] for item in one["items"]} == wanted
    evening = client.post("/v1/recommendations", json={**body, "hour": 20, "channel": "till"})
    assert {item["item_id"] for item in evening.json()["customers"][0]["items"]} == WINE


@pytest.mark.parametrize("hour", [8, 20])
def test_without_a_time_the_present_is_meant(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, hour: int
) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Clock:
            return cls(2026, 3, 2, hour, 45, tzinfo=tz)

    monkeypatch.setattr("serving.api.deps.datetime", Clock)
    assert set(listed(client)) == (COFFEE if hour == 8 else WINE)


def test_a_model_without_contexts_answers_as_before(
    plain: TestClient, engines: dict[bool, Engine]
) -> None:
    untold = engines[False].recommend(["c05"], 3, Options(exclude_seen=False))
    assert listed(plain) == untold["item_id"].to_pylist()
    assert listed(plain, at=MORNING, channel="web") == listed(plain, hour=20) == listed(plain)


def test_situations_that_cannot_be_told_apart_are_one_question(
    engines: dict[bool, Engine],
) -> None:
    times = [datetime.fromisoformat(each) for each in (MORNING, "2026-03-09T09:05:00+01:00")]
    early, week_later = (Options(context=Context(at)) for at in times)
    assert engines[True].settled(early) == engines[True].settled(week_later)
    assert engines[True].settled(early) != engines[True].settled(Options())
    assert engines[False].settled(early) == Options()


@pytest.mark.parametrize("wrong", [{"at": "2026-03-02T08:30:00"}, {"hour": 24}, {"weekday": 7}])
def test_a_wrong_context_is_refused(client: TestClient, wrong: dict[str, Any]) -> None:
    answer = client.get("/v1/customers/c05/recommendations", params=wrong)
    assert answer.status_code == 422
    assert f"query.{next(iter(wrong))}" in answer.json()["detail"]
    body = {"customer_ids": ["c05"], **wrong}
    assert client.post("/v1/recommendations", json=body).status_code == 422


def test_the_context_is_documented(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    route = described["paths"]["/v1/customers/{customer_id}/recommendations"]["get"]
    told = {each["name"]: each.get("description", "") for each in route["parameters"]}
    fields = described["components"]["schemas"]["RecommendationsQuestion"]["properties"]
    for name in ("at", "hour", "weekday", "channel"):
        assert len(told[name]) > 20
        assert fields[name]["description"] == told[name]


def test_batches_are_for_the_situation_that_is_told(engines: dict[bool, Engine]) -> None:
    assert BatchSettings().options.context is None
    for hour, channel, wanted in ((8, "web", COFFEE), (20, "till", WINE)):
        settings = BatchSettings(hour=hour, channel=channel, exclude_seen=False)
        found = engines[True].recommend(["c05"], 3, settings.options)
        assert set(found["item_id"].to_pylist()) == wanted
    with pytest.raises(ValueError, match="weekday"):
        BatchSettings(weekday=7)


def test_hours_and_weekdays_are_checked() -> None:
    with pytest.raises(ValueError, match="told_hour: expected 0 to 23, received 24"):
        Context(told_hour=24)
    assert Context(told_weekday=3).situation == Context(told_weekday=3)
