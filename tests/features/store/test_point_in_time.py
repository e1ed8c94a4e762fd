"""A row planted in the future of a customer must not be seen from the past."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from features.store.files import checked_time, join_parts, stamp
from features.store.frames import arrow_frame
from features.store.reader import FeatureReader
from features.store.registry import apply
from features.store.schema import TABLES, service_columns
from features.store.views import definitions
from ingest.workspace import Workspace

TIMES = [datetime(2020, month, 1, tzinfo=UTC) for month in range(1, 7)]
PLANTED = 999.0


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory, filled: Callable[..., None]) -> FeatureReader:
    """Six monthly snapshots numbered 1..6, and a planted one a second after the fourth."""
    workspace = Workspace(Path(tmp_path_factory.mktemp("time")) / "shop")
    snapshots = {time: {"c": float(n), "d": -float(n)} for n, time in enumerate(TIMES, 1)}
    snapshots[TIMES[3] + timedelta(seconds=1)] = {"c": PLANTED, "d": PLANTED}
    filled(workspace, snapshots)
    apply(workspace)
    return FeatureReader(workspace)


@pytest.mark.parametrize("month", range(6))
def test_every_snapshot_is_read_as_of_its_own_time(reader: FeatureReader, month: int) -> None:
    rows = reader.customers(["c", "d"], as_of=TIMES[month])
    assert rows["purchases"].tolist() == [month + 1, -(month + 1)]
    assert not (rows.select_dtypes("number") == PLANTED).any(axis=None)
    assert rows.loc["c", "profile_vector"][0] == month + 1


def test_the_planted_row_is_there_for_those_who_come_later(reader: FeatureReader) -> None:
    moment = TIMES[3] + timedelta(seconds=1)
    assert reader.customers(["c"], as_of=moment).loc["c", "purchases"] == PLANTED
    assert reader.items(["c"], as_of=moment).loc["c", "purchases"] == PLANTED


def test_parts_of_other_times_are_dropped_when_snapshots_are_joined(
    tmp_path: Path, filled: Callable[..., None]
) -> None:
    workspace = Workspace(tmp_path / "shop")
    filled(workspace, {TIMES[0]: {"c": 1.0}, TIMES[1]: {"c": 2.0}})
    assert join_parts(workspace, TIMES[1:2])["item_facts"] == 1
    assert [p.name for p in (workspace.features / "parts").iterdir()] == [stamp(TIMES[1])]


def test_times_need_a_zone_and_whole_seconds() -> None:
    assert stamp(TIMES[0]) == "20200101T000000Z"
    with pytest.raises(ValueError, match="whole seconds"):
        checked_time(TIMES[0].replace(microsecond=1))


def test_a_table_without_a_column_is_refused(made_rows: Callable[..., object]) -> None:
    rows = made_rows("item_facts", TIMES[0], {"c": 1.0})
    with pytest.raises(ValueError, match="missing \\['brand'\\]"):
        TABLES["item_facts"].conform(rows.drop_columns("brand"))  # type: ignore[attr-defined]
    kinds = service_columns("ranker_items_v1")
    assert arrow_frame("item_id", rows, kinds).loc["c", "price"] == 1.0  # type: ignore[arg-type]


def test_feasts_module_offers_every_object(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HUAXIANG_WORKSPACE", str(tmp_path / "shop"))
    import features.definitions as module

    module = importlib.reload(module)
    objects = definitions(Workspace(tmp_path / "shop"))
    for group in (objects.entities, objects.views, objects.services):
        for name, expected in group.items():
            assert getattr(module, name) == expected
    for name, push in objects.pushes.items():
        assert getattr(module, f"{name}_push") == push
