"""What a reader returns, offline and online, is one and the same thing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from features.store.frames import stack
from features.store.reader import FeatureReader
from features.store.schema import NUMBER, SERVICES, service_columns, service_key
from ingest.workspace import Workspace

EARLY = datetime(2020, 1, 1, tzinfo=UTC)
LATE = datetime(2020, 1, 31, tzinfo=UTC)
IDS = ["c2", "c1", "nobody", "c3", "c1"]


@pytest.fixture(scope="module")
def reader(applied: Workspace) -> FeatureReader:
    return FeatureReader(applied)


def same(left: pd.DataFrame, right: pd.DataFrame) -> None:
    assert list(left.index) == list(right.index)
    assert list(left.columns) == list(right.columns)
    assert (left.dtypes == right.dtypes).all()
    for column in left.columns:
        for one, other in zip(left[column], right[column], strict=True):
            assert type(one) is type(other), column
            np.testing.assert_equal(one, other)


@pytest.mark.parametrize("service", list(SERVICES))
def test_offline_at_the_latest_snapshot_is_what_is_online(
    reader: FeatureReader, service: str
) -> None:
    read = reader.customers if service_key(service) == "customer_id" else reader.items
    offline = read(IDS, as_of=LATE, service=service)
    online = read(IDS, service=service)
    same(offline, online)
    assert list(online.index) == IDS
    assert list(online.columns) == list(service_columns(service))


def test_the_newest_snapshot_that_is_not_later_is_read(reader: FeatureReader) -> None:
    between = reader.customers(["c1", "c2"], as_of=LATE - timedelta(seconds=1))
    assert between.loc["c1", "purchases"] == 1.0
    assert np.isnan(between.loc["c2", "purchases"])
    assert reader.customers(["c1"], as_of=LATE).loc["c1", "purchases"] == 10.0
    before = reader.customers(["c1"], as_of=EARLY - timedelta(days=1))
    assert before.isna().all(axis=None)


def test_missing_values_are_nan_in_numbers_and_none_elsewhere(reader: FeatureReader) -> None:
    row = reader.customers(["nobody"]).iloc[0]
    for name, kind in service_columns("ranker_v1").items():
        assert np.isnan(row[name]) if kind == NUMBER else row[name] is None, name


def test_one_customer_online_is_the_same_row(reader: FeatureReader) -> None:
    row = reader.customers(["c1"]).iloc[0]
    one = reader.customer_online("c1")
    assert list(one) == list(row.index)
    for name, value in one.items():
        np.testing.assert_equal(value, row[name])
    assert reader.customer_online("nobody")["stage"] is None


def test_a_joined_customer_is_read_under_either_id(applied: Workspace) -> None:
    reader = FeatureReader(applied)
    vars(reader)["people"] = {"of_another_desk": "c1"}
    found = reader.customers(["of_another_desk", "c2", "c1"], as_of=LATE)
    assert list(found.index) == ["of_another_desk", "c2", "c1"]
    assert found.index.name == "customer_id"
    assert found["purchases"].iloc[0] == found["purchases"].iloc[2] == 10.0
    assert reader.customer_online("of_another_desk")["purchases"] == 10.0
    assert reader.customers([]).empty


def test_no_ids_give_an_empty_frame(reader: FeatureReader) -> None:
    empty = reader.items([])
    assert empty.shape == (0, len(service_columns("ranker_items_v1")))
    assert empty.index.name == "item_id"


def test_vectors_stack_and_missing_ones_are_zero(reader: FeatureReader) -> None:
    matrix = stack(reader.customers(["c1", "nobody"])["profile_vector"])
    assert matrix.shape == (2, 64)
    assert matrix[0].tolist() == [10.0] * 64
    assert not matrix[1].any()
    with pytest.raises(ValueError, match="expected length 64"):
        stack([np.zeros(3, dtype=np.float32)])
    assert stack([]).shape == (0, 64)


def test_wrong_questions_are_refused(reader: FeatureReader, tmp_path: object) -> None:
    with pytest.raises(ValueError, match="unknown; expected one of"):
        reader.customers(["c1"], service="ranker_v9")
    with pytest.raises(ValueError, match="keyed by 'item_id'"):
        reader.customers(["c1"], service="ranker_items_v1")
    with pytest.raises(ValueError, match="with a zone"):
        reader.customers(["c1"], as_of=datetime(2020, 1, 1))  # noqa: DTZ001


def test_a_workspace_without_features_says_what_to_run(tmp_path_factory) -> None:
    empty = Workspace(tmp_path_factory.mktemp("nothing") / "shop")
    with pytest.raises(FileNotFoundError, match="python -m features workspace=shop"):
        FeatureReader(empty)
