"""Behavior features of customers whose history is known."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features.behavior.customers import customer_behavior
from features.behavior.pairs import pairs
from features.behavior.settings import BehaviorSettings
from features.behavior.tables import open_tables, prepare
from features.items.facts import item_behavior
from ingest.store import Store
from ingest.workspace import Workspace

AS_OF = datetime(2024, 4, 1, tzinfo=UTC)
SETTINGS = BehaviorSettings(half_life_days=10)

Make = Callable[..., Workspace]
Bought = Callable[..., dict[str, Any]]


def before(days: float, minutes: float = 0.0) -> datetime:
    return AS_OF - timedelta(days=days, minutes=minutes)


def tables_of(workspace: Workspace, moment: datetime = AS_OF) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Behavior of customers and items, indexed by id."""
    _connection, tables = open_tables(Store(workspace.store), SETTINGS.acts)
    second = int(moment.timestamp())
    known = pairs(tables, second, SETTINGS.half_life_days).cache()
    customers = customer_behavior(tables, known, second, SETTINGS).to_pandas()
    items = item_behavior(tables, known, second, SETTINGS.active_days).to_pandas()
    return customers.set_index("customer_id"), items.set_index("item_id")


ITEMS = [
    {"item_id": "a", "category": "Food > Dairy > Milk", "brand": "Farm"},
    {"item_id": "b", "category": "Food > Bread", "brand": "Oven"},
    {"item_id": "c", "category": "Toys"},
]


@pytest.fixture
def shop(make_workspace: Make, bought: Bought) -> Workspace:
    return make_workspace(
        items=ITEMS,
        customers=[
            {"customer_id": "ann", "first_seen_at": before(100)},
            {"customer_id": "lead", "first_seen_at": before(5)},
            {"customer_id": "later", "first_seen_at": AS_OF},
        ],
        events=[
            bought("ann", "a", before(40), value=4.0, price=2.0, quantity=2.0),
            bought("ann", "a", before(20), value=2.0, price=2.0, quantity=1.0),
            bought("ann", "b", before(10), price=3.0, quantity=2.0),
            bought("ann", "c", before(10, -10), value=0.0, price=0.0, quantity=1.0),
            bought("ann", "c", before(2), kind="view"),
            bought("ann", "c", AS_OF, value=99.0),
            bought("ann", "c", before(1), available_at=AS_OF, value=99.0),
            bought("bob", "b", before(3), value=5.0, price=5.0),
        ],
    )


def test_counts_windows_and_money(shop: Workspace) -> None:
    customers, _ = tables_of(shop)
    ann = customers.loc["ann"]
    assert ann["purchases"] == 4
    assert (ann["purchases_7d"], ann["purchases_28d"], ann["purchases_90d"]) == (0, 3, 4)
    assert (ann["spend"], ann["spend_28d"]) == (4 + 2 + 6, 2 + 6)
    assert ann["mean_price"] == pytest.approx((2 + 2 + 3) / 3)
    assert ann["recency_days"] == pytest.approx(10 - 10 / 1440)
    assert ann["tenure_days"] == pytest.approx(100)
    assert ann["active_days"] == 3
    assert ann["repeat_days"] == pytest.approx(15)


def test_sessions_count_all_kinds_of_events(shop: Workspace) -> None:
    customers, _ = tables_of(shop)
    # Days 20, 10 (two events ten minutes apart) and the view on day 2.
    assert customers.loc["ann", "sessions_28d"] == 3


def test_category_shares_decay_and_sum_to_one_at_each_level(shop: Workspace) -> None:
    customers, _ = tables_of(shop)
    ann = customers.loc["ann"]
    shares = dict(zip(ann["category_names"], ann["category_shares"], strict=True))
    milk, bread = 2**-4 + 2**-2, 2**-1
    toys = 0.5 ** ((10 - 10 / 1440) / 10)
    total = milk + bread + toys
    assert shares["Food > Dairy > Milk"] == pytest.approx(milk / total, rel=1e-5)
    assert shares["Food"] == pytest.approx((milk + bread) / total, rel=1e-5)
    assert shares["Toys"] == pytest.approx(toys / total, rel=1e-5)
    assert list(ann["category_shares"]) == sorted(ann["category_shares"], reverse=True)
    leaves = [shares[name] for name in ("Food > Dairy > Milk", "Food > Bread", "Toys")]
    assert sum(leaves) == pytest.approx(1, rel=1e-5)
    assert list(ann["brand_names"]) == ["Oven", "Farm"]
    assert sum(ann["brand_shares"]) == pytest.approx(1, rel=1e-5)


def test_a_row_known_at_the_as_of_time_or_later_changes_nothing(
    shop: Workspace, bought: Bought, load: Callable[..., None]
) -> None:
    earlier = tables_of(shop)
    load(
        Store(shop.store),
        "events",
        [
            bought("ann", "a", AS_OF, value=1000.0),
            bought("ann", "b", before(5), available_at=AS_OF + timedelta(seconds=1)),
            bought("new", "b", AS_OF + timedelta(days=1)),
        ],
    )
    for left, right in zip(earlier, tables_of(shop), strict=True):
        columns = [name for name in left if name not in ("customer", "item")]
        pd.testing.assert_frame_equal(
            left[columns].sort_index(), right[columns].sort_index(), check_like=True
        )
    later, _ = tables_of(shop, AS_OF + timedelta(days=2))
    assert "new" in later.index
    assert later.loc["ann", "spend"] > 1000


def test_customers_are_known_from_first_seen_or_first_event(shop: Workspace) -> None:
    customers, _ = tables_of(shop)
    assert sorted(customers.index) == ["ann", "bob", "lead"]
    lead = customers.loc["lead"]
    assert lead["purchases"] == 0
    assert math.isnan(lead["recency_days"])
    assert lead["tenure_days"] == pytest.approx(5)
    assert customers.loc["bob", "tenure_days"] == pytest.approx(3)
    assert math.isnan(customers.loc["bob", "repeat_days"])


def test_item_facts(shop: Workspace) -> None:
    _, items = tables_of(shop)
    milk, bread = items.loc["a"], items.loc["b"]
    assert (milk["purchases"], milk["purchases_28d"], milk["purchases_7d"]) == (2, 1, 0)
    assert milk["repeat_rate"] == 1.0
    assert bread["repeat_rate"] == 0.0
    assert bread["customers_28d"] == 2
    assert bread["price"] == pytest.approx(4.0)
    # Two items have a price: milk is the cheaper one, toys were free.
    assert (milk["price_quantile"], bread["price_quantile"]) == (0.0, 1.0)
    assert math.isnan(items.loc["c", "price"])
    assert milk["category"] == "Food > Dairy > Milk"


def test_price_level_is_the_mean_quantile_of_what_was_bought(
    make_workspace: Make, bought: Bought
) -> None:
    items = [{"item_id": f"i{n}", "category": "Tea", "price": float(n)} for n in range(5)]
    workspace = make_workspace(
        items=items,
        events=[
            *(bought("all", f"i{n}", before(2), price=n + 1.0) for n in range(5)),
            bought("dear", "i4", before(1), price=5.0),
            bought("cheap", "i0", before(1), price=1.0),
        ],
    )
    level = tables_of(workspace)[0]["price_level"]
    assert level["dear"] == 1.0
    assert level["cheap"] == 0.0
    assert level["all"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (["view", "purchase", "rate"], "purchase"),
        (["view", "rate"], "rate"),
        (["view"], "view"),
        (["shrug"], None),
    ],
)
def test_the_first_preferred_kind_that_occurs_is_the_act(
    make_workspace: Make, bought: Bought, kinds: list[str], expected: str | None
) -> None:
    workspace = make_workspace(
        events=[bought("ann", "a", before(n + 1), kind=kind) for n, kind in enumerate(kinds)]
    )
    _connection, tables = open_tables(Store(workspace.store), SETTINGS.acts)
    assert tables.act == expected
    assert tables.acts.count().to_pyarrow().as_py() == 1


def test_ratings_are_not_money(make_workspace: Make, bought: Bought) -> None:
    rated = bought("ann", "a", before(1), kind="rate", value=5.0)
    customers, _ = tables_of(make_workspace(events=[rated]))
    assert customers.loc["ann", "purchases"] == 1
    assert math.isnan(customers.loc["ann", "spend"])


def test_an_empty_workspace_has_no_rows(make_workspace: Make) -> None:
    customers, items = tables_of(make_workspace())
    assert customers.empty
    assert items.empty


@pytest.mark.parametrize("gap", [7, 240])
def test_sessions_agree_with_a_plain_loop(gap: int) -> None:
    random = np.random.default_rng(gap)
    who = random.integers(0, 60, 2_000).astype(str)
    minutes = random.integers(1, 40 * 24 * 60, 2_000)
    minutes[::3] = minutes[1::3][: len(minutes[::3])] + random.integers(0, 2 * gap)
    connection = ibis.duckdb.connect()
    happened = pa.array([before(0, float(m)) for m in minutes], pa.timestamp("us", "UTC"))
    rows = {"customer_id": who, "occurred_at": happened, "available_at": happened}
    events = connection.create_table("events", pa.table(rows)).mutate(
        item_id=ibis.literal("a"), kind=ibis.literal("purchase"), value=1.0, quantity=1.0, price=1.0
    )
    words = dict.fromkeys(("item_id", "category", "brand"), "string")
    items = connection.create_table("items", schema={**words, "price": "float64"})
    seen = {"customer_id": "string", "first_seen_at": "timestamp('UTC', 6)"}
    tables = prepare(events, items, connection.create_table("people", schema=seen), ["purchase"])
    second = int(AS_OF.timestamp())
    known = pairs(tables, second, 10.0).cache()
    chosen = SETTINGS.model_copy(update={"session_gap_minutes": float(gap)})
    found = customer_behavior(tables, known, second, chosen).to_pandas().set_index("customer_id")
    for name in set(who):
        times = sorted(m for m in minutes[who == name] if m <= 28 * 24 * 60)
        expected = sum(1 for n, m in enumerate(times) if n == 0 or m - times[n - 1] > gap)
        assert found.loc[name, "sessions_28d"] == expected
