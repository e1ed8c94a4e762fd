"""Features as of one moment: nobody reads later ones, nothing is read twice."""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pytest

from features.store.reader import FeatureReader
from ingest.workspace import Workspace
from tests.training.shop import START, interactions
from tests.training.shop import workspace as shop
from training.data import Prepared, StoreData
from training.profiles import AsOfReader
from training.splits import GlobalTemporal

MOMENT = datetime(2024, 3, 1, tzinfo=UTC)
Read = tuple[tuple[str, ...], datetime | None, str]


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Read]:
    """Replace reading by writing down what was asked."""
    found: list[Read] = []

    def read(self: Any, ids: Any, as_of: Any = None, service: str = "") -> pd.DataFrame:
        found.append((tuple(ids), as_of, service))
        return pd.DataFrame({"x": 1.0}, index=list(ids))

    monkeypatch.setattr(FeatureReader, "customers", read)
    monkeypatch.setattr(FeatureReader, "items", read)
    return found


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    place = Workspace.named("shop", tmp_path)
    place.features.mkdir(parents=True)
    (place.features / "registry.db").touch()
    return place


def test_without_a_time_the_moment_is_meant(reads: list[Read], workspace: Workspace) -> None:
    reader = AsOfReader(workspace, MOMENT)
    reader.customers(["a"])
    reader.items(["i"], as_of=MOMENT - timedelta(days=30))
    assert reads == [
        (("a",), MOMENT, "ranker_v1"),
        (("i",), MOMENT - timedelta(days=30), "ranker_items_v1"),
    ]


def test_the_future_is_refused(reads: list[Read], workspace: Workspace) -> None:
    with pytest.raises(ValueError, match="would show a model the future"):
        AsOfReader(workspace, MOMENT).customers(["a"], as_of=MOMENT + timedelta(seconds=1))
    assert reads == []


def test_a_frame_is_read_once(reads: list[Read], workspace: Workspace) -> None:
    reader = AsOfReader(workspace, MOMENT)
    first = reader.customers(["a", "b"])
    assert reader.customers(["a", "b"]) is first
    assert reader.customers(["b", "a"]) is not first
    for day in range(30):
        reader.items(["i"], as_of=MOMENT - timedelta(days=day))
    assert len(reads) == 32
    reader.customers(["a", "b"])  # long forgotten
    assert len(reads) == 33


@pytest.mark.parametrize("profiles", ["auto", "required"])
def test_features_that_begin_after_the_cutoff_are_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, profiles: Literal["auto", "required"]
) -> None:
    place = shop(tmp_path)
    for day in ("20240420T000000Z", "20240430T000000Z"):
        (place.features / "parts" / day).mkdir(parents=True)
    (place.features / "registry.db").touch()
    given = StoreData(
        workspace="shop", kinds=["purchase"], data_dir=str(tmp_path), profiles=profiles
    )
    late = given.prepare(GlobalTemporal(cutoff="2024-04-20", window_days=10))
    assert late.profiled
    assert not [each for each in caplog.records if each.levelno >= logging.WARNING]
    early = GlobalTemporal(cutoff="2024-04-01", window_days=20)
    message = "no features as of 2024-04-01, so .* 'as_of=.2024-04-01,latest.' fit_until=2024-04-01"
    if profiles == "required":
        with pytest.raises(FileNotFoundError, match=message):
            given.prepare(early)
    else:
        given.prepare(early)
        assert re.search(message, caplog.text)


def test_prepared_data_hands_out_one_reader_a_moment(workspace: Workspace) -> None:
    data = interactions()
    splits = GlobalTemporal(window_days=20).splits(data)
    prepared = Prepared(data, splits, workspace, START, profiled=True)
    assert prepared.reader(MOMENT) is prepared.reader(MOMENT)
    assert isinstance(prepared.reader(MOMENT), AsOfReader)
    assert prepared.reader(None) is None
    assert Prepared(data, splits, workspace, START).reader(MOMENT) is None
