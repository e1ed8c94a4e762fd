"""What happens after the tuning windows cannot be seen by a search."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.shop import interactions
from training.interactions import Interactions
from training.plan import PlanError
from training.splits import FixedFold, GlobalTemporal, LeaveLastOut, Split
from training.tuning.windows import tuning_splits

T0 = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
events = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 6), st.integers(0, 60 * 24), st.integers(0, 72)),
    min_size=20,
    max_size=80,
)


def rows_of(drawn: list[tuple[int, int, int, int]]) -> Interactions:
    frame = pd.DataFrame(
        {
            "customer_id": [f"c{row[0]}" for row in drawn],
            "item_id": [f"i{row[1]}" for row in drawn],
            "occurred_at": [T0 + row[2] * HOUR for row in drawn],
            "available_at": [T0 + (row[2] + row[3]) * HOUR for row in drawn],
        }
    )
    return Interactions.of(frame)


def seen(split: Split) -> pd.DataFrame:
    """Everything that a model and a judge get to see of a split, as pairs."""
    columns = ["customer_id", "item_id"]
    return pd.concat([split.train.frame[columns], split.test[columns]])


@settings(deadline=None, max_examples=40)
@given(events, st.integers(1, 2), st.integers(1, 2), st.integers(1, 2))
def test_time_windows_end_before_the_oldest_test_window(
    drawn: list[tuple[int, int, int, int]], least: int, rolling: int, windows: int
) -> None:
    data = rows_of(drawn)
    splitter = GlobalTemporal(
        cutoff=T0 + timedelta(days=50), window_days=7, rolling=rolling, min_customers_per_item=least
    )
    try:
        test = splitter.splits(data)[-1]
        found = tuning_splits(splitter, test, windows)
    except ValueError as error:
        assert "to learn from" in str(error)  # noqa: PT017
        return
    known = data.frame[
        (data.frame["available_at"] < pd.Timestamp(test.cutoff))
        & (data.frame["occurred_at"] < pd.Timestamp(test.cutoff))
    ]
    allowed = set(zip(known["customer_id"], known["item_id"], strict=True))
    assert len(found) == windows
    for number, split in enumerate(found, 1):
        assert test.cutoff is not None
        assert split.cutoff == test.cutoff - number * timedelta(days=7)
        assert split.train.until <= split.cutoff < test.cutoff
        assert set(seen(split).itertuples(index=False, name=None)) <= allowed


def test_time_windows_follow_the_protocol_of_the_test() -> None:
    data = interactions()
    splitter = GlobalTemporal(cutoff=T0 + timedelta(days=100), window_days=20, rolling=3)
    test = splitter.splits(data)[0]
    found = tuning_splits(splitter, test, 2)
    assert [split.hash for split in found] == [s.hash for s in splitter.splits(data)[1:]]


def test_the_item_that_is_asked_for_stays_hidden() -> None:
    frame = pd.DataFrame(
        [("long", f"i{n}", T0 + n * HOUR) for n in range(6)]
        + [("short", f"i{n}", T0 + n * HOUR) for n in range(3)]
        + [("other", f"i{n}", T0 + n * HOUR) for n in range(6)]
        + [("early", f"i{n}", T0 + (5 - n) * HOUR) for n in range(6)],
        columns=["customer_id", "item_id", "occurred_at"],
    )
    splitter = LeaveLastOut(min_events=3)
    test = splitter.splits(Interactions.of(frame))[0]
    asked = set(test.test[["customer_id", "item_id"]].itertuples(index=False, name=None))
    assert asked == {("long", "i5"), ("short", "i2"), ("other", "i5"), ("early", "i0")}
    found = tuning_splits(splitter, test, 2)
    for split in found:
        assert not asked & set(seen(split).itertuples(index=False, name=None))
    wanted = [sorted(split.test["item_id"]) for split in found]
    assert wanted == [["i1", "i4", "i4"], ["i2", "i3", "i3"]]


def test_without_times_a_fifth_of_what_was_published_for_training_is_held_out() -> None:
    data = interactions()
    half = ["train" if n % 3 else "test" for n in range(len(data))]
    folded = Interactions.of(data.frame.assign(fold=half))
    test = FixedFold().splits(folded)[0]
    found = tuning_splits(FixedFold(), test, 2)
    trained = test.train.frame[["customer_id", "item_id"]].drop_duplicates()
    for split in found:
        pairs = seen(split).drop_duplicates()
        assert len(pairs) == len(trained)
        assert len(pairs.merge(trained)) == len(trained)
        held = split.test.groupby("customer_id").size()
        whole = trained.groupby("customer_id").size()
        assert ((held - 0.2 * whole).abs() <= 0.5 + 1e-9).all()
        assert not len(split.test.merge(split.train.frame, on=["customer_id", "item_id"]))
    assert found[0].hash != found[1].hash
    assert [s.hash for s in tuning_splits(FixedFold(), test, 2)] == [s.hash for s in found]


def test_an_unknown_protocol_is_refused_by_name() -> None:
    class Sometimes:
        pass

    splitter = GlobalTemporal(cutoff=T0 + timedelta(days=100), window_days=20)
    test = splitter.splits(interactions())[0]
    with pytest.raises(PlanError, match="no tuning windows are known for Sometimes"):
        tuning_splits(Sometimes(), test, 1)  # type: ignore[arg-type]
