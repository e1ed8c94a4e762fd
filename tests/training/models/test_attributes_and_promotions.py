"""Attributes of customers and promotions of items: what they say, and what they must not know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pytest

from ingest.schemas import TABLES
from ingest.store import Store
from ingest.workspace import Workspace
from tests.training.shop import CUSTOMERS, DAYS, ITEMS, KINDS, START, KnownFeatures, purchases
from training.coldstart.readers import UnacquaintedReader
from training.interactions import Interactions
from training.models.base import load_recommender
from training.models.ease import EASE
from training.models.popular import RecentPopularity
from training.models.ranker import Ranker
from training.models.ranking.candidates import Candidates
from training.models.ranking.demographics import Demographics
from training.models.ranking.items import ItemState
from training.models.ranking.ordinals import number_of
from training.models.ranking.past import Past
from training.models.ranking.promotions import Promotions
from training.models.ranking.windows import windows_of
from training.models.ranking.world import World

Row = dict[str, Any]
REGIONS = ("north", "east", "south", "west")
AGES = ("19-24", "25-34", "35-44", "65+")
LATE = START + timedelta(days=90)


class StoredFeatures(KnownFeatures):
    """The made-up features of the shop, with a store behind them."""

    def __init__(self, place: Workspace) -> None:
        super().__init__()
        self.workspace = place


def people(**more: Callable[[int], Any]) -> dict[str, Row]:
    """Return attributes that follow from the kind of the customer, and some that say nothing."""
    given = {
        "region": lambda n: REGIONS[n % KINDS],
        "age": lambda n: AGES[n % KINDS],
        "name": lambda n: f"customer {n}",
        "vip": lambda n: n % 3 == 0,
        "points": lambda n: 10 * n + 0.5,
        "address": lambda _: {"city": "x"},
        **more,
    }
    return {
        f"c{n:03d}": {name: value(n) for name, value in given.items()} for n in range(CUSTOMERS)
    }


def stored(
    folder: Path,
    customers: Mapping[str, Row] | None = None,
    *,
    items: Mapping[str, Row] | None = None,
    events: list[Row] | None = None,
    seen: Callable[[str], datetime | None] = lambda _: START,
) -> Any:
    """Write customers, items and events as a store, and return a reader before it."""
    place = Workspace(folder)
    rows = {
        "customers": [
            {"customer_id": one, "attributes": attributes, "first_seen_at": seen(one)}
            for one, attributes in (customers or {}).items()
        ],
        "items": [{"item_id": one, "attributes": each} for one, each in (items or {}).items()],
        "events": [
            {"event_id": f"e{place_}", "available_at": each["occurred_at"], **each}
            for place_, each in enumerate(events or [])
        ],
    }
    for table, each in rows.items():
        if not each:
            continue
        schema = TABLES[table].schema
        for row in each:
            row["source"] = "test"
            row["attributes"] = orjson.dumps(row.get("attributes")).decode()
        Store(place.store).add(table, pa.Table.from_pylist(each, schema=schema))
    return cast("Any", StoredFeatures(place))


def shop(until: datetime = START + timedelta(days=DAYS)) -> Interactions:
    whole = Interactions.of(purchases(), until=START + timedelta(days=DAYS))
    return (
        whole if until == whole.until else windows_of(whole, 1, (whole.until - until).days)[0].past
    )


def all_pairs(n: int, n_items: int) -> Candidates:
    rows, items = np.divmod(np.arange(n * n_items, dtype=np.int32), np.int32(n_items))
    return Candidates(rows, items, {}, {})


def demographics(data: Interactions, reader: Any) -> Demographics | None:
    past = Past.of(data, data.csr())
    items = ItemState.of(data, past, reader)
    return Demographics.of(data.customers.ids.tolist(), data.until, past, items, reader)


def same(left: Any, right: Any) -> None:
    """Check that two states hold the same."""
    assert left is not None
    assert set(left.arrays()) == set(right.arrays())
    for name, values in left.arrays().items():
        np.testing.assert_array_equal(values, right.arrays()[name], err_msg=name)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (3, 3), (True, 1), (2.5, 2.5), ("1", 1), ("35-44", 39.5), ("50-74K", 62_000), ("5+", 5),
        ("65+", 65), ("250K+", 250_000), ("Under 15K", 15_000), ("1,200", 1200), ("> 100", 100),
        ("$20,000 to $39,999", 29_999.5), ("35-44岁", 39.5), ("3至5万", 40_000), ("18岁以下", 18),
        ("1.5万", 15_000), ("Renter", None), ("2 Adults No Kids", None), ("2024-01-02", None),
        ("", None), (None, None), ({"a": 1}, None),
    ],
)  # fmt: skip
def test_numbers_are_found_in_what_people_write(value: object, number: float | None) -> None:
    assert number_of(value) == number


def test_attributes_are_numbers_or_a_column_a_value(tmp_path: Path) -> None:
    found = demographics(shop(), stored(tmp_path, people()))
    assert found is not None
    assert set(found.codes) == {"region", "age", "vip", "points"}  # no names, no maps
    assert set(found.shown) == {
        "attribute_age", "attribute_vip", "attribute_points",
        *(f"attribute_region_{name}" for name in REGIONS),
    }  # fmt: skip
    assert found.shown["attribute_age"][:4].tolist() == [21.5, 29.5, 39.5, 65]
    assert found.shown["attribute_region_east"][:4].tolist() == [0, 1, 0, 0]
    assert found.codes["age"][:5].tolist() == [0, 1, 2, 3, 0]
    assert np.bincount(found.codes["points"]).tolist() == [8] * 10


def test_affinity_says_who_buys_what(tmp_path: Path) -> None:
    data = shop()
    reader = stored(tmp_path, people())
    found = demographics(data, reader)
    assert found is not None
    items = ItemState.of(data, Past.of(data, data.csr()), reader)
    columns = found.columns(all_pairs(CUSTOMERS, ITEMS), items)
    own = np.equal.outer(np.arange(CUSTOMERS) % KINDS, np.arange(ITEMS) // (ITEMS // KINDS)).ravel()
    for name in ("item_affinity_region", "leaf_affinity_age", "item_affinity", "leaf_affinity"):
        assert columns[name][own].min() > 0 > columns[name][~own].max(), name
    assert columns["leaf_affinity_age"][own].mean() == pytest.approx(np.log(4 * 0.9), abs=0.2)
    assert np.abs(columns["item_affinity_vip"]).max() < 0.5
    nobody = found.take(np.array([-1, 3], dtype=np.int32))
    assert nobody.codes["region"].tolist() == [-1, 3]
    unknown = nobody.columns(all_pairs(2, ITEMS), items)
    assert np.isnan(unknown["item_affinity"][:ITEMS]).all()
    assert not np.isnan(unknown["item_affinity"][ITEMS:]).any()


def test_an_attribute_counts_from_when_its_customer_was_seen(tmp_path: Path) -> None:
    """Leak canary: what was told of customers who come later does not reach an earlier window."""
    late = {f"c{n:03d}" for n in range(0, CUSTOMERS, 5)}

    def seen(one: str) -> datetime | None:
        return LATE if one in late else START

    swapped = people()
    for one in late:
        swapped[one] = swapped[one] | {"region": "nowhere", "age": "99", "fresh": 1}
    readers = [
        stored(tmp_path / str(n), each, seen=seen) for n, each in enumerate((people(), swapped))
    ]
    before, canary = (demographics(shop(LATE), reader) for reader in readers)
    same(before, canary)
    assert before is not None
    assert (before.codes["region"][::5] == -1).all()
    after = demographics(shop(LATE + timedelta(days=1)), readers[1])
    assert after is not None
    assert "attribute_region_nowhere" in after.shown


def test_affinity_counts_only_the_past(tmp_path: Path) -> None:
    reader = stored(tmp_path, people(), seen=lambda _: None)
    frame = purchases()
    late = frame["occurred_at"] >= pd.Timestamp(LATE)
    frame.loc[late, "item_id"] = "i00"
    whole = Interactions.of(purchases(), until=START + timedelta(days=DAYS))
    changed = Interactions.of(frame, until=whole.until, items=whole.items)
    before, after = (
        demographics(windows_of(each, 1, 30)[0].past, reader) for each in (whole, changed)
    )
    same(before, after)


def test_without_attributes_there_is_nothing(tmp_path: Path) -> None:
    alike = stored(tmp_path / "alike", {one: {"region": "north"} for one in people()})
    assert demographics(shop(), alike) is None
    assert demographics(shop(), stored(tmp_path / "none")) is None
    assert demographics(shop(), cast("Any", KnownFeatures())) is None
    assert Promotions.of(shop(), cast("Any", KnownFeatures())) is None
    assert Promotions.of(shop(), stored(tmp_path / "plain", people())) is None


def week(place: int) -> datetime:
    return START + timedelta(days=7 * place)


WEEKS = [
    {"customer_id": "x", "kind": "visit", "occurred_at": week(n), "attributes": {"week": n + 1}}
    for n in range(DAYS // 7)
]


def promoted(weeks: Mapping[str, list[int]]) -> dict[str, Row]:
    """Return the attributes of two items, one of them promoted."""
    return {"i00": {"promotions": dict(weeks)}, "i01": {"promotions": {"1": [0, 1]}}}


def small_shop(until: datetime) -> Interactions:
    """Item i00: two events in the first week, one in the second and the third; i01: one."""
    days = {"i00": (0, 1, 8, 15), "i01": (9,)}
    rows = [
        ("c0", item, START + timedelta(days=day, hours=1)) for item in days for day in days[item]
    ]
    frame = pd.DataFrame(rows, columns=["customer_id", "item_id", "occurred_at"])
    return Interactions.of(frame[frame["occurred_at"] < pd.Timestamp(until)], until=until)


def test_promotions_are_read_by_week(tmp_path: Path) -> None:
    items = promoted({"1": [3, 0], "3": [5, 2], "4": [90, 90]})
    reader = stored(tmp_path, items=items, events=WEEKS)
    found = Promotions.of(small_shop(week(2) + timedelta(days=3)), reader)
    assert found is not None
    columns = {name: values.tolist() for name, values in found.items.items()}
    assert columns["display_stores"] == [5, 0]
    assert columns["mailer_stores"] == [2, 0]
    assert columns["display_against_usual"] == pytest.approx([np.log(6 / (8 / 3 + 1)), 0])
    assert columns["promoted_sales_share"] == pytest.approx([3 / 4, 0])
    assert columns["promoted_sales_lift"][0] == pytest.approx(np.log((4 / 3) / (2 / 2)))
    assert columns["promoted_weeks_ago"] == [0, 2]
    assert found.included.shape == (2, 0)
    assert set(found.columns(all_pairs(1, 2))) == set(columns)


def test_dates_start_themselves(tmp_path: Path) -> None:
    date = (START + timedelta(days=14)).date().isoformat()
    items = promoted({date: [5, 2], "soon": [9, 9], "77": [8, 8]})
    reader = stored(tmp_path, items=items)
    assert Promotions.of(small_shop(week(2)), reader) is None
    found = Promotions.of(small_shop(week(2) + timedelta(hours=1)), reader)
    assert found is not None
    assert found.items["display_stores"].tolist() == [5, 0]


def test_a_week_counts_only_once_it_has_started(tmp_path: Path) -> None:
    """Leak canary: promotions of later weeks, however telling, do not reach an earlier window."""
    plain = promoted({"1": [3, 0], "3": [5, 2]})
    telling = promoted({"1": [3, 0], "3": [5, 2], "4": [99, 99], "9": [99, 99]})
    telling["i01"] = {"promotions": {"1": [0, 1], "4": [50, 0]}}
    readers = [
        stored(tmp_path / str(n), items=e, events=WEEKS) for n, e in enumerate((plain, telling))
    ]
    moment = week(3)  # the instant at which week 4 starts: still unknown
    same(*(Promotions.of(small_shop(moment), reader) for reader in readers))
    later = Promotions.of(small_shop(moment + timedelta(seconds=1)), readers[1])
    assert later is not None
    assert later.items["display_stores"].tolist() == [99, 50]


def campaign_events(known: datetime) -> list[Row]:
    """Return campaign 7 to c0, campaign 8 to c0 and c1, one coupon of 8 redeemed by c1."""
    sent = [
        ("c0", 7, -40, "2024-01-20"),
        ("c0", 8, -3, None),
        ("c1", 8, -3, None),
        ("c1", 9, 3, None),
    ]
    rows = [
        {"customer_id": one, "kind": "campaign_received",
         "occurred_at": known + timedelta(days=day),
         "attributes": {"campaign_id": name, "ends_at": ends}}
        for one, name, day, ends in sent
    ]  # fmt: skip
    rows += [
        {"customer_id": "c1", "kind": "coupon_redeemed", "item_id": "i01",
         "occurred_at": known + timedelta(days=days), "attributes": {"campaign_id": 8}}
        for days in (-1, 5)
    ]  # fmt: skip
    return [*rows, {"customer_id": "c1", "kind": "coupon_redeemed", "occurred_at": known}]


def test_campaigns_count_once_received_and_redemptions_once_known(tmp_path: Path) -> None:
    items = {"i00": {"campaigns": [7, 9]}, "i01": {"campaigns": [8, 9]}, "i02": {"price": 1}}
    reader = stored(tmp_path, items=items, events=campaign_events(LATE))
    rows = [(c, i, START) for c in ("c0", "c1") for i in ("i00", "i01", "i02")]
    frame = pd.DataFrame(rows, columns=["customer_id", "item_id", "occurred_at"])
    found = Promotions.of(Interactions.of(frame, until=LATE), reader)
    assert found is not None
    assert found.items == {}
    columns = {n: v.reshape(2, 3).tolist() for n, v in found.columns(all_pairs(2, 3)).items()}
    assert columns == {
        "coupons_received": [[1, 1, 0], [0, 1, 0]],
        "coupons_running": [[0, 1, 0], [0, 1, 0]],  # 7 has ended
        "coupons_redeemed": [[0, 0, 0], [0, 1, 0]],
        "customer_redeemed": [[0, 0, 0], [1, 1, 1]],
        "coupon_answers": [[0, 0.5, 0], [0, 0.5, 0]],
    }
    stranger = found.take(np.array([-1], dtype=np.int32)).columns(all_pairs(1, 3))
    assert stranger["coupons_received"].tolist() == [0, 0, 0]
    assert Promotions.of(Interactions.of(frame, until=START + timedelta(days=1)), reader) is None


def telling_store(folder: Path) -> Any:
    """Return a reader of the shop with attributes, promotions and campaigns."""
    items: dict[str, Row] = {
        f"i{n:02d}": {"promotions": {str(w): [n % 7, n % 3] for w in range(1 + n % 4, 17, 3)}}
        for n in range(ITEMS)
    }
    items["i05"]["campaigns"] = [8]
    return stored(folder, people(), items=items, events=WEEKS + campaign_events(LATE)[:3])


def ranker(**settings: Any) -> Ranker:
    sources = {"ease": EASE(regularization=5), "popular": RecentPopularity(days=28)}
    given = {"trees": 20, "leaves": 7, "windows": 2, "window_days": 15, "candidates": 20}
    return Ranker(sources=sources, **(given | settings))


def test_the_ranker_uses_both_groups_and_keeps_them(tmp_path: Path) -> None:
    reader = telling_store(tmp_path / "data")
    model = ranker(task="again", trees=10).fit(shop(), reader)
    assert isinstance(model, Ranker)
    assert {"demographics", "promotions"} <= set(model.booster.owners.values())
    numbers, rows = model.rows_of(["c000"])
    items = np.arange(ITEMS, dtype=np.int32)[None]
    grounds = model.grounds(numbers, rows, items)
    own = items[0] < ITEMS // KINDS
    given = grounds["demographics"][0]
    assert np.nanmean(given[own]) > np.nanmean(given[~own])
    assert np.isfinite(grounds["promotions"][0][~np.isnan(given)]).all()
    model.save(tmp_path / "saved")
    again = load_recommender(tmp_path / "saved")
    customers = ["c000", "c017", "stranger"]
    pd.testing.assert_frame_equal(again.recommend(customers, 5), model.recommend(customers, 5))
    newly = UnacquaintedReader(reader, customers={"c000"})
    same(demographics(shop(), newly), demographics(shop(), reader))


@pytest.mark.parametrize("group", ["demographics", "promotions"])
def test_each_group_can_be_left_out(tmp_path: Path, group: Any) -> None:
    reader = telling_store(tmp_path)
    model = ranker(without=[group], windows=1, trees=5).fit(shop(), reader)
    assert isinstance(model, Ranker)
    other = {"demographics", "promotions"} - {group}
    assert {"demographics", "promotions"} & set(model.booster.owners.values()) == other
    assert not any(name.startswith(f"{group}/") for name in model._arrays())


def test_without_the_catalog_affinity_to_kinds_of_items_goes(tmp_path: Path) -> None:
    reader = telling_store(tmp_path)
    model = ranker(without=["catalog"], windows=1, trees=5).fit(shop(), reader)
    assert isinstance(model, Ranker)
    assert "item_affinity_region" in model.booster.columns
    assert not any(name.startswith("leaf_") for name in model.booster.columns)


def test_shuffled_profiles_shuffle_attributes(tmp_path: Path) -> None:
    reader = telling_store(tmp_path)
    gains = []
    for shuffled in (False, True):
        model = ranker(shuffle_profiles=shuffled, windows=1).fit(shop(), reader)
        assert isinstance(model, Ranker)
        numbers, rows = model.rows_of(["c000"])
        seen, known = model.examined(numbers, rows, np.arange(ITEMS, dtype=np.int32)[None])
        assert known.any()
        gains.append(seen[known][0, model.booster.columns.index("attribute_points")])
    assert gains[0] == 0.5
    assert gains[1] != 0.5


def test_a_world_without_these_groups_is_as_before(tmp_path: Path) -> None:
    data, reader = shop(), telling_store(tmp_path)
    world = World.of(data, data.csr(), reader, ["demographics", "promotions"])
    assert world.demographics is world.promotions is None
    loaded = World.restore(data.csr(), world.arrays())
    assert loaded.demographics is loaded.promotions is None
