"""Requests told apart by hour, weekday and channel: what items are chosen when and where."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from ingest.schemas import TABLES
from ingest.store import Store
from ingest.workspace import Workspace
from tests.training.shop import START, interactions, workspace
from training.interactions import Interactions
from training.models.base import load_recommender
from training.models.context import Context
from training.models.fallback import WithFallback
from training.models.popular import RecentPopularity
from training.models.ranker import Ranker
from training.models.ranking.situation import Habits, Situations, chosen_or_drawn

MORNING = Context(datetime(2024, 5, 6, 8, tzinfo=UTC), "app")  # a Monday
EVENING = Context(datetime(2024, 5, 11, 20, tzinfo=UTC), "till")  # a Saturday


def habitual() -> Interactions:
    """A shop where even items are chosen on workday mornings in the app, odd ones otherwise.

    Every customer buys of both, alike often: only the situation tells what is wanted.
    """
    rng = np.random.default_rng(4)
    rows = []
    for customer in range(60):
        for day in range(0, 84, 3):
            at = START + timedelta(days=day)
            early = at.weekday() < 5 and bool(rng.random() < 0.7)
            item = 2 * int(rng.integers(6)) + (not early)
            rows.append(
                (f"c{customer:02d}", f"i{item:02d}", at + timedelta(hours=8 if early else 20),
                 "app" if early else "till")
            )  # fmt: skip
    frame = pd.DataFrame(rows, columns=["customer_id", "item_id", "occurred_at", "channel"])
    return Interactions.of(frame, until=START + timedelta(days=84))


@pytest.fixture(scope="module")
def data() -> Interactions:
    return habitual()


def ranker(**settings: object) -> Ranker:
    given = {"task": "again", "trees": 30, "leaves": 7, "windows": 2, "window_days": 14}
    sources = {"popular": RecentPopularity(days=28)}
    return Ranker(sources=sources, **(given | {"context": True} | settings))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def fitted(data: Interactions) -> WithFallback:
    model = WithFallback(primary=ranker(), fallback=RecentPopularity())
    model.fit(data)
    return model


def parity(model: WithFallback, context: Context | None) -> list[float]:
    """Return the share of odd items among the first four of each customer."""
    table = model.recommend(["c00", "c31"], 4, exclude_seen=False, context=context)
    assert len(table) == 8
    odd = table["item_id"].str[1:].astype(int) % 2
    return odd.groupby(table["customer_id"]).mean().tolist()


def test_the_context_changes_the_ranking(fitted: WithFallback) -> None:
    assert parity(fitted, MORNING) == [0, 0]
    assert parity(fitted, EVENING) == [1, 1]
    untold = fitted.recommend(["c00"], 4, exclude_seen=False)
    pd.testing.assert_frame_equal(
        untold, fitted.recommend(["c00"], 4, exclude_seen=False, context=Context())
    )


@pytest.mark.parametrize(
    "part",
    [Context(EVENING.moment), Context(channel="till")],
    ids=["time alone", "channel alone"],
)
def test_either_part_of_the_context_is_enough(fitted: WithFallback, part: Context) -> None:
    assert min(parity(fitted, part)) > 0.5


def test_reasons_name_the_context(fitted: WithFallback) -> None:
    best, _ = fitted.primary.top(["c00"], 12, exclude_seen=False, context=EVENING)
    assert best.parts is not None
    given = best.parts["context"][0]
    odd = best.items[0] % 2 == 1
    assert given[odd].min() > given[~odd].max()


def test_saving_keeps_habits(fitted: WithFallback, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    loaded = load_recommender(tmp_path)
    asked = {"k": 5, "exclude_seen": False, "context": EVENING}
    pd.testing.assert_frame_equal(
        loaded.recommend(["c00", "c31"], **asked),  # type: ignore[arg-type]
        fitted.recommend(["c00", "c31"], **asked),  # type: ignore[arg-type]
    )


def test_without_the_group_the_context_says_nothing(data: Interactions) -> None:
    model = ranker(without=["context"], windows=1, trees=5).fit(data)
    assert isinstance(model, Ranker)
    assert "context" not in model.booster.owners.values()
    tables = [
        model.recommend(["c00"], 5, exclude_seen=False, context=each) for each in (MORNING, EVENING)
    ]
    pd.testing.assert_frame_equal(*tables)


def test_habits_are_lifts_over_what_is_usual(data: Interactions) -> None:
    found = Habits.of(data)
    assert found.channels == ("app", "till")
    even = int(data.items.numbers(["i00"])[0])
    assert found.lifts["hour"][even, 8] > 1.2
    assert found.lifts["hour"][even, 20] < 0.5
    assert found.lifts["channel"][even, 1] < 0.5
    assert found.lifts["weekday"].shape == (12, 7)
    others = data.item_numbers != even
    others[np.flatnonzero(~others)[0]] = True  # one event says little
    rare = Habits.of(data.where(others)).lifts["hour"][even]
    assert 0.9 < rare.min() < rare.max() < 1.1


def test_habits_know_only_the_past(data: Interactions) -> None:
    late = data.frame["occurred_at"] >= pd.Timestamp(START + timedelta(days=60))
    changed = data.frame.copy()
    changed.loc[late, "item_id"] = "i00"
    other = Interactions.of(changed, until=data.until, items=data.items, customers=data.customers)
    moment = START + timedelta(days=60)
    before, after = (Habits.of(each.before(moment)) for each in (data, other))
    np.testing.assert_array_equal(before.lifts["hour"], after.lifts["hour"])


def test_unknown_situations_are_nan_and_unknown_channels_too(data: Interactions) -> None:
    habits = Habits.of(data)
    items = np.array([0, 1], dtype=np.int32)
    nothing = habits.columns(items, habits.of_request(Context(), 2))
    assert all(np.isnan(values).all() for values in nothing.values())
    asked = habits.columns(items, habits.of_request(Context(MORNING.moment, "fax"), 2))
    assert asked["asked_hour"].tolist() == [8, 8]
    assert asked["asked_weekday"].tolist() == [0, 0]
    assert np.isnan(asked["asked_channel_lift"]).all()
    plain = Habits.of(interactions())
    assert set(plain.lifts) == {"hour", "weekday"}
    assert "asked_channel" not in plain.columns(items, plain.of_request(MORNING, 2))


def test_what_was_chosen_lends_its_situation_and_others_draw_one() -> None:
    happened = csr_matrix(np.array([[1, 0, 1, 0], [0, 1, 0, 0]], dtype=np.float32))
    rows = np.array([0, 0, 0, 0, 1, 1], dtype=np.int32)
    items = np.array([0, 1, 2, 3, 1, 3], dtype=np.int32)
    rng = np.random.default_rng(0)
    places, told = chosen_or_drawn(happened, rows, items, rng, 0.0)
    assert places[[0, 2, 4]].tolist() == [0, 1, 2]
    assert set(places[[1, 3]]) <= {0, 1}
    assert places[5] == 2
    assert told.all()
    _, hidden = chosen_or_drawn(happened, rows, items, rng, 1.0)
    assert not hidden.any()
    given = Situations({"hour": np.array([8, 20, 9], dtype=np.int32)})
    assert given.take(places, np.array([True] * 5 + [False])).codes["hour"][-1] == -1


def test_a_moment_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="expected a time with a zone"):
        Context(datetime(2024, 5, 6, 8))  # noqa: DTZ001
    east = datetime.fromisoformat("2024-05-06T07:30:00+08:00")
    assert (Context(east).hour, Context(east).weekday) == (23, 6)


def test_channels_are_read_from_the_attributes_of_events(tmp_path: Path) -> None:
    place = workspace(tmp_path)
    store = Store(place.store)
    assert "channel" not in Interactions.from_store(store, kinds=["purchase"]).frame
    assert isinstance(place, Workspace)
    rows = store.read("events").slice(0, 2)
    column = rows.schema.get_field_index("attributes")
    named = rows.set_column(
        column, TABLES["events"].schema.field("attributes"), [['{"channel": "app"}', None]]
    )
    ids = rows.schema.get_field_index("event_id")
    store.add("events", named.set_column(ids, rows.schema.field(ids), [["n1", "n2"]]))
    found = Interactions.from_store(store, kinds=["purchase"]).frame["channel"]
    assert found.dropna().tolist() == ["app"]
