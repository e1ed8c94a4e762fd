"""The next basket: the contract, intervals known by construction, what is due, who is alike."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.contracts.recommender import RecommenderContract, checkerboard
from training.interactions import Interactions
from training.models import next_basket
from training.models.base import Recommender
from training.models.next_basket import NextBasket
from training.models.repeats import Repeats, due_within

NOW = datetime(2024, 6, 1, tzinfo=UTC)


def bought(*rows: tuple[str, str, float]) -> Interactions:
    """Return purchases by customer, item and days ago."""
    frame = pd.DataFrame(rows, columns=["customer_id", "item_id", "days"])
    frame["occurred_at"] = [NOW - timedelta(days=d) for d in frame.pop("days")]
    return Interactions.of(frame, until=NOW)


class TestNextBasket(RecommenderContract):
    folds_in = True

    @classmethod
    def make(cls) -> Recommender:
        return NextBasket(neighbors=8)


def repeats(*rows: tuple[str, str, float], half_life: float = 10.0) -> Repeats:
    data = bought(*rows)
    return Repeats.of(data, data.csr(), half_life)


def test_repeats_are_counted_in_days() -> None:
    found = repeats(
        ("a", "milk", 0.2), ("a", "milk", 10.1), ("a", "milk", 10.9), ("a", "milk", 30.5),
        ("a", "salt", 20.5), ("b", "milk", 5.5),
    )  # fmt: skip
    assert found.items.tolist() == [0, 1, 0]
    assert found.baskets.tolist() == [3, 1, 1]
    assert found.last.tolist() == [0, 20, 5]
    assert found.first.tolist() == [30, 20, 5]
    np.testing.assert_allclose(found.decayed, [1 + 0.5 + 0.125, 0.25, 2**-0.5])


def test_intervals_lean_on_the_item_where_a_customer_has_few() -> None:
    found = repeats(
        ("a", "milk", 1.5), ("a", "milk", 9.5), ("a", "milk", 17.5),  # twice 8 days
        ("b", "milk", 3.5), ("b", "milk", 5.5),  # once 2 days
        ("c", "milk", 4.5), ("c", "salt", 7.5),
    )  # fmt: skip
    alone = found.intervals(2, 1e-9)
    np.testing.assert_allclose(alone[:2], [8, 2], rtol=1e-6)
    usual = np.exp((2 * np.log(8) + np.log(2)) / 3)
    np.testing.assert_allclose(alone[2:], usual, rtol=1e-6)  # no interval of their own
    leaning = found.intervals(2, 1.0)
    assert 2 < leaning[1] < usual
    np.testing.assert_allclose(leaning[0], np.exp((2 * np.log(8) + np.log(usual)) / 3), rtol=1e-6)


def test_without_any_repeat_intervals_are_a_month() -> None:
    np.testing.assert_allclose(repeats(("a", "milk", 1.5)).intervals(1, 1.0), 30)


def test_due_rises_to_the_usual_time_and_falls_after_it() -> None:
    since = np.array([0.0, 10.0, 20.0, 40.0, 90.0])
    chance = due_within(5, since, np.full(5, 20.0), 4.0)
    assert chance.argmax() == 2
    assert (np.diff(chance[:3]) > 0).all()
    assert (np.diff(chance[2:]) < 0).all()
    np.testing.assert_allclose(due_within(20, np.zeros(1), np.array([20.0]), 3.0), 0.5)


@given(
    st.floats(0, 400),
    st.floats(0.5, 400),
    st.floats(0.3, 5),
    st.floats(0.1, 90),
    st.floats(0.1, 90),
)
def test_due_is_a_chance_and_grows_with_the_horizon(
    since: float, interval: float, regularity: float, days: float, more: float
) -> None:
    given_ = np.array([since]), np.array([interval]), regularity
    near, far = due_within(days, *given_)[0], due_within(days + more, *given_)[0]
    assert 0 <= near <= far + 1e-12 <= 1 + 1e-9


def test_what_is_due_comes_before_what_was_just_bought() -> None:
    rows = [("a", "soap", float(d)) for d in (1.5, 31.5, 61.5, 91.5)]
    rows += [("a", "rice", float(d)) for d in (29.5, 59.5, 89.5, 119.5)]
    settings = {"neighbor_weight": 0.0, "half_life_days": 1e6, "horizon_days": 10.0}
    data = bought(*rows)
    punctual = NextBasket(regularity=4.0, due_weight=1.0, **settings).fit(data)
    assert punctual.recommend(["a"], 2, exclude_seen=False)["item_id"].tolist() == ["rice", "soap"]
    timeless = NextBasket(due_weight=0.0, **settings).fit(data)
    assert timeless.scores(["a"])[0].tolist() == pytest.approx([4, 4], rel=1e-3)


def test_old_baskets_count_for_less() -> None:
    data = bought(
        *[("a", "once loved", float(d)) for d in (200.5, 210.5, 220.5)],
        *[("a", "lately", float(d)) for d in (5.5, 15.5)],
    )
    model = NextBasket(half_life_days=30, neighbor_weight=0).fit(data)
    assert model.recommend(["a"], 1, exclude_seen=False)["item_id"].tolist() == ["lately"]


def test_customers_alike_add_what_was_never_had() -> None:
    data = bought(
        ("a", "tea", 3.5), ("a", "tea", 9.5), ("b", "tea", 4.5), ("b", "cup", 4.5),
        ("c", "nails", 2.5), ("c", "glue", 2.5),
    )  # fmt: skip
    model = NextBasket(neighbors=1, neighbor_weight=0.5).fit(data)
    table = model.recommend(["a"], 9, exclude_seen=False)
    assert table["item_id"].tolist() == ["tea", "cup"]  # nails and glue are nobody alike's
    alone = NextBasket(neighbor_weight=0).fit(data).recommend(["a"], 9, exclude_seen=False)
    assert alone["item_id"].tolist() == ["tea"]


def test_new_events_count_at_once() -> None:
    data = bought(("a", "tea", 30.5), ("a", "cup", 30.5), ("b", "tea", 2.5))
    model = NextBasket(neighbor_weight=0).fit(data)
    history = model.histories[[0]].copy()
    history.data = history.data + np.array([3, 0], dtype=np.float32)  # cup, by name the first
    table = model.recommend(["a"], 2, exclude_seen=False, histories=history)
    assert table["item_id"].tolist() == ["cup", "tea"]
    stranger = model.recommend(["nobody"], 2, exclude_seen=False, histories=history)
    assert stranger["item_id"].tolist() == ["cup", "tea"]


def test_small_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    model = NextBasket(neighbors=5).fit(checkerboard())
    customers = model.customers.ids.tolist()
    whole = model.scores(customers)
    monkeypatch.setattr(next_basket, "block_rows", lambda n: 5)
    np.testing.assert_allclose(model.scores(customers), whole, rtol=1e-6)


@pytest.mark.parametrize(
    "wrong", [{"neighbor_weight": 1.5}, {"half_life_days": 0}, {"neighbors": 0}]
)
def test_wrong_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        NextBasket(**wrong)  # type: ignore[arg-type]
