"""Splits cannot see the future, and divide what they are given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hydra.utils import instantiate
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from training.ids import IdMap
from training.interactions import Interactions
from training.splits import FixedFold, GlobalTemporal, LeaveLastOut, Split
from training.splits.base import live_catalog

CONF = Path(__file__).parents[2] / "conf"
T0 = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)

events = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 6), st.integers(0, 60 * 24), st.integers(0, 72)),
    min_size=1,
    max_size=80,
)


def interactions(rows: list[tuple[int, int, int, int]]) -> Interactions:
    frame = pd.DataFrame(
        {
            "customer_id": [f"c{row[0]}" for row in rows],
            "item_id": [f"i{row[1]}" for row in rows],
            "occurred_at": [T0 + row[2] * HOUR for row in rows],
            "available_at": [T0 + (row[2] + row[3]) * HOUR for row in rows],
            "value": [float(row[1]) for row in rows],
        }
    )
    return Interactions.of(frame)


def pairs(frame: pd.DataFrame) -> set[tuple[str, str]]:
    return set(zip(frame["customer_id"], frame["item_id"], strict=True))


@settings(deadline=None, max_examples=60)
@given(events, st.integers(5, 50), st.integers(1, 3), st.booleans())
def test_time_splits_never_see_the_future(
    rows: list[tuple[int, int, int, int]], day: int, least: int, known: bool
) -> None:
    data, cutoff = interactions(rows), T0 + timedelta(days=day)
    splitter = GlobalTemporal(
        cutoff=cutoff, window_days=7, min_customers_per_item=least, known_customers=known
    )
    try:
        split = splitter.splits(data)[0]
    except ValueError as error:
        assert "to learn from" in str(error)  # noqa: PT017
        return
    train = split.train.frame
    assert (train["available_at"] < pd.Timestamp(cutoff)).all()
    assert (train["occurred_at"] < pd.Timestamp(cutoff)).all()
    happened = data.frame["occurred_at"]
    window = data.frame[
        (happened >= pd.Timestamp(cutoff)) & (happened < pd.Timestamp(cutoff + timedelta(days=7)))
    ]
    assert pairs(split.test) <= pairs(window)
    assert set(split.test["item_id"]) <= set(split.catalog.ids) <= set(train["item_id"])
    assert train.groupby("item_id")["customer_id"].nunique().min() >= least
    if known:
        assert set(split.test["customer_id"]) <= set(train["customer_id"])


@settings(deadline=None, max_examples=60)
@given(events, st.integers(1, 3))
def test_leaving_out_partitions_each_history(
    rows: list[tuple[int, int, int, int]], position: int
) -> None:
    data = interactions(rows)
    try:
        split = LeaveLastOut(position=position, min_events=2).splits(data)[0]
    except ValueError:
        return
    lengths = data.frame.groupby("customer_id").size()
    for customer, length in lengths.items():
        kept = int((split.train.frame["customer_id"] == customer).sum())
        asked = length >= max(2, position + 1)
        assert kept == (length - position if asked else length)
        history = data.frame[data.frame["customer_id"] == customer]
        if customer in set(split.test["customer_id"]):
            left_out = split.test[split.test["customer_id"] == customer]["item_id"].item()
            assert left_out == history["item_id"].iloc[-position]


def test_events_at_the_cutoff_belong_to_the_test() -> None:
    data = interactions([(0, 0, 0, 0), (0, 1, 0, 0), (0, 0, 240, 0), (0, 1, 239, 0)])
    split = GlobalTemporal(cutoff=T0 + timedelta(days=10), window_days=1).splits(data)[0]
    assert pairs(split.test) == {("c0", "i0")}
    assert split.name == "global-2024-01-11-1d"


def test_latest_ends_with_the_data_and_rolls_back() -> None:
    data = interactions([(0, 0, 24 * day, 0) for day in range(40)])
    splits = GlobalTemporal(window_days=7, rolling=3).splits(data)
    assert [split.cutoff for split in splits] == [
        T0 + timedelta(days=40 - 7 * i) for i in (1, 2, 3)
    ]
    assert len({split.hash for split in splits}) == 3


def test_a_cutoff_without_zone_is_utc_and_an_empty_one_is_refused() -> None:
    data = interactions([(0, 0, 0, 0), (0, 0, 48, 0)])
    split = GlobalTemporal(cutoff=datetime(2024, 1, 2), window_days=5).splits(data)[0]  # noqa: DTZ001
    assert split.cutoff == T0 + timedelta(days=1)
    with pytest.raises(ValueError, match="change cutoff or window"):
        GlobalTemporal(cutoff=T0, window_days=5).splits(data)


def test_the_catalog_is_true_to_its_time() -> None:
    items = IdMap.of(["always", "ended", "future", "unknown"])
    availability = pd.DataFrame(
        {
            "item_id": ["always", "ended", "future"],
            "available_from": [None, T0 - 5 * HOUR, T0 + HOUR],
            "available_until": [None, T0, None],
        }
    )
    assert live_catalog(items, T0, availability).ids.tolist() == ["always", "unknown"]
    assert live_catalog(items, None, availability) is items
    data = interactions([(0, 0, 0, 0), (0, 1, 0, 0), (0, 0, 48, 0), (0, 1, 49, 0)])
    gone = pd.DataFrame(
        {"item_id": ["i1"], "available_from": [None], "available_until": [T0 + HOUR]}
    )
    split = GlobalTemporal(cutoff=T0 + 24 * HOUR, window_days=3).splits(data, gone)[0]
    assert split.catalog.ids.tolist() == ["i0"]
    assert pairs(split.test) == {("c0", "i0")}


def test_fixed_folds() -> None:
    frame = interactions([(0, 0, 0, 0), (0, 1, 1, 0), (1, 1, 2, 0), (1, 9, 3, 0)]).frame
    data = Interactions.of(frame.assign(fold=["train", "test", "train", "test"]))
    split = FixedFold().splits(data)[0]
    assert pairs(split.test) == {("c0", "i1")}, "items that train does not have are not asked"
    assert pairs(split.train.frame) == {("c0", "i0"), ("c1", "i1")}
    with pytest.raises(ValueError, match="fold 'validation' is empty"):
        FixedFold(test="validation").splits(data)
    with pytest.raises(ValueError, match="no event carries a fold"):
        FixedFold().splits(Interactions.of(frame))


def test_value_of_a_test_pair_is_the_mean() -> None:
    frame = interactions([(0, 0, 0, 0), (0, 0, 30, 0), (0, 0, 31, 0)]).frame
    data = Interactions.of(frame.assign(value=[1.0, 2.0, 4.0]))
    split = GlobalTemporal(cutoff=T0 + 24 * HOUR, window_days=3).splits(data)[0]
    assert split.test["value"].tolist() == [3.0]


def test_hash_tells_contents_apart() -> None:
    rows = [(c, i, 24 * (c + i), 0) for c in range(3) for i in range(6)]
    splitter = GlobalTemporal(cutoff=T0 + timedelta(days=4), window_days=3)
    first, same = (splitter.splits(interactions(order))[0] for order in (rows, rows[::-1]))
    other = splitter.splits(interactions([*rows, (0, 3, 24 * 4, 0)]))[0]
    assert first.hash == same.hash
    assert first.hash != other.hash


def test_a_split_that_leaks_cannot_be_built() -> None:
    data = interactions([(0, 0, 0, 0), (0, 1, 48, 0)])
    test = pd.DataFrame({"customer_id": ["c0"], "item_id": ["i1"], "value": [1.0]})
    with pytest.raises(ValueError, match="past the cutoff"):
        Split(data, test, T0 + HOUR, "leaky", data.items)
    with pytest.raises(ValueError, match="pairs repeat"):
        Split(data, pd.concat([test, test]), None, "twice", data.items)
    with pytest.raises(ValueError, match="lacks columns"):
        Split(data, test.drop(columns="value"), None, "short", data.items)


@pytest.mark.parametrize("path", sorted((CONF / "split").glob("*.yaml")), ids=lambda p: p.stem)
def test_every_split_can_be_configured(path: Path) -> None:
    splitter = instantiate(OmegaConf.load(path))
    data = Interactions.of(
        interactions([(c, i, 24 * (20 * c + i), 0) for c in range(6) for i in range(6)] * 2).frame
    )
    if path.stem == "fixed_fold":
        halves = ["train", "test"] * (len(data) // 2)
        data = Interactions.of(data.frame.assign(fold=halves))
    assert callable(splitter.splits)
    assert len(data)
