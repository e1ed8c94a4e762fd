"""As-of times: defaults, explicit ones, and what cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from features.plan import Plan, latest_time, make_plan, parse_time
from ingest.store import Store
from ingest.workspace import Workspace


@pytest.fixture
def store(make_workspace: Callable[..., Workspace], bought: Callable[..., Any]) -> Store:
    at = datetime(2024, 3, 10, 23, 59, tzinfo=UTC)
    return Store(make_workspace(events=[bought("a", "i", at)]).store)


def plan(store: Store, **chosen: Any) -> Plan:
    settings = {"as_of": None, "fit_until": None, "snapshots": 3, "step_days": 30}
    return make_plan(store, **{**settings, **chosen})


def test_the_default_is_latest_and_steps_back(store: Store) -> None:
    made = plan(store)
    latest = datetime(2024, 3, 11, tzinfo=UTC)
    assert made.snapshots == (latest - timedelta(60), latest - timedelta(30), latest)
    assert made.fit_until == latest - timedelta(days=30)


def test_an_event_at_midnight_belongs_to_the_day_that_starts(
    make_workspace: Callable[..., Workspace], bought: Callable[..., Any]
) -> None:
    midnight = datetime(2024, 3, 10, tzinfo=UTC)
    store = Store(make_workspace(events=[bought("a", "i", midnight)]).store)
    assert latest_time(store) == midnight + timedelta(days=1)


def test_times_can_be_listed_in_any_order(store: Store) -> None:
    made = plan(
        store, as_of=("latest", "2024-01-01", "2024-01-01T00:00:00Z"), fit_until="2024-02-01"
    )
    assert made.snapshots == (datetime(2024, 1, 1, tzinfo=UTC), made.latest)
    assert made.fit_until == datetime(2024, 2, 1, tzinfo=UTC)
    assert plan(store, as_of="latest").snapshots == (made.latest,)


def test_texts_count_where_there_are_no_events(make_workspace: Callable[..., Workspace]) -> None:
    at = datetime(2024, 1, 5, 8, tzinfo=UTC)
    review = {"kind": "review", "text": "good", "occurred_at": at, "available_at": at}
    store = Store(make_workspace(feedback=[review]).store)
    assert latest_time(store) == datetime(2024, 1, 6, tzinfo=UTC)


def test_what_cannot_be_planned_says_why(
    make_workspace: Callable[..., Workspace],
) -> None:
    with pytest.raises(ValueError, match="run python -m ingest first"):
        latest_time(Store(make_workspace().store))
    with pytest.raises(ValueError, match="as_of 'yesterday': expected a time such as"):
        parse_time("yesterday")
    with pytest.raises(ValueError, match="distinct times in order"):
        Plan((), datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC))
