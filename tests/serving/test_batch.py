"""Batch scoring: complete or not at all, resumable, equal to the endpoint's answers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from filelock import FileLock

from ingest.store import Store
from serving.batch.run import BatchSettings, everybody, read_ids, run
from serving.batch.writer import BatchRunningError, Plan, alone, write_parts
from serving.errors import BadRequestError, UnknownCategoryError
from serving.ranked import TABLE, Options
from serving.reasons import Language
from serving.recommend import Engine
from tests.serving.shop import NOW, batch_once

HOUSE = Path(__file__).resolve().parents[2]


def settings(tmp_path: Path, **more: object) -> BatchSettings:
    return BatchSettings.model_validate(
        {
            "workspace": "shop",
            "data_dir": tmp_path / "data",
            "k": 3,
            "part_size": 7,
            "at": NOW,
            "progress": False,
            **more,
        }
    )


def test_every_customer_is_written_once_with_a_manifest(engine: Engine, tmp_path: Path) -> None:
    manifest = run(settings(tmp_path), load=lambda *_: engine)
    folder = tmp_path / "data" / "shop" / "recommendations"
    table = pq.read_table(folder / "recommendations.parquet")
    assert table.schema.equals(TABLE)
    ids = table["customer_id"].to_pylist()
    assert sorted(set(ids)) == list(dict.fromkeys(ids)) == [f"c{n:02d}" for n in range(42)]
    told = json.loads((folder / "manifest.json").read_text())
    assert told["rows"] == len(ids) == manifest["rows"]
    assert told["customers"] == 42
    assert told["fallback_customers"] == 2
    assert told["model"]["version"] == "7"
    assert told["data_versions"]["events"] >= 1
    assert sorted(path.name for path in folder.iterdir() if "lock" not in path.name) == [
        "manifest.json",
        "recommendations.parquet",
    ]


def test_batch_and_direct_answers_are_equal(engine: Engine, tmp_path: Path, store: Store) -> None:
    run(settings(tmp_path, category="music", lang="zh"), load=lambda *_: engine)
    written = pq.read_table(tmp_path / "data/shop/recommendations/recommendations.parquet")
    options = Options(category="Music", lang=Language.ZH)
    assert written.equals(engine.recommend(everybody(engine, store), 3, options))


def test_a_list_of_customers_is_taken_in_its_order(engine: Engine, tmp_path: Path) -> None:
    names = tmp_path / "vip.txt"
    names.write_text("\ufeffc05\n\n nobody \nc01\nc05\n", encoding="utf-8")
    assert read_ids(names) == ["c05", "nobody", "c01"]
    output = tmp_path / "vip.parquet"
    run(settings(tmp_path, customers=names, output=output), load=lambda *_: engine)
    ids = pq.read_table(output)["customer_id"].to_pylist()
    assert list(dict.fromkeys(ids)) == ["c05", "nobody", "c01"]


def test_wrong_lists_and_options_are_refused_before_work(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(BadRequestError, match="no such file"):
        run(settings(tmp_path, customers=tmp_path / "no.txt"), load=lambda *_: engine)
    (tmp_path / "empty.txt").write_text("\n\n")
    with pytest.raises(BadRequestError, match="holds no id"):
        run(settings(tmp_path, customers=tmp_path / "empty.txt"), load=lambda *_: engine)
    with pytest.raises(UnknownCategoryError):
        run(settings(tmp_path, category="cars"), load=lambda *_: engine)
    assert not (tmp_path / "data" / "shop" / "recommendations").exists()
    with pytest.raises(ValueError, match="at least 1"):
        Plan(("c",), 0, {})
    with pytest.raises(ValueError, match="received none"):
        Plan((), 1, {})


def rows_for(customers: Sequence[str]) -> pa.Table:
    return pa.table({"customer_id": list(customers), "length": [len(c) for c in customers]})


def test_parts_that_are_there_are_not_scored_again(tmp_path: Path) -> None:
    plan = Plan(tuple(f"c{n}" for n in range(10)), 3, {"model": "1"})
    output = tmp_path / "out.parquet"
    asked: list[str] = []

    def stops(customers: Sequence[str]) -> pa.Table:
        if "c6" in customers:
            raise KeyboardInterrupt
        asked.extend(customers)
        return rows_for(customers)

    with pytest.raises(KeyboardInterrupt):
        write_parts(plan, stops, output, progress=False)
    assert not output.exists()
    again: list[str] = []

    def goes_on(customers: Sequence[str]) -> pa.Table:
        again.extend(customers)
        return rows_for(customers)

    written = write_parts(plan, goes_on, output, progress=False)
    assert (written.rows, written.parts, written.parts_resumed) == (10, 4, 2)
    assert asked + again == list(plan.customers)
    assert pq.read_table(output).equals(rows_for(plan.customers))


def test_parts_of_another_plan_are_dropped(tmp_path: Path) -> None:
    output = tmp_path / "out.parquet"
    old = Plan(("a", "b"), 1, {"model": "1"})
    new = Plan(("a", "b"), 1, {"model": "2"})
    write_parts(old, rows_for, output, progress=False)
    written = write_parts(new, rows_for, output, progress=False)
    assert written.parts_resumed == 0


def test_two_runs_do_not_write_the_same_file(tmp_path: Path) -> None:
    output = tmp_path / "out.parquet"
    with FileLock(tmp_path / ".out.parquet.lock"), pytest.raises(BatchRunningError), alone(output):
        pass


SCRIPT = """
import sys, time
from pathlib import Path
sys.path.insert(0, {house!r})
from ingest.runtime import prepare
prepare()
from tests.serving.shop import batch_once
batch_once(Path({root!r}), pause={pause})
"""


def run_process(root: Path, pause: float) -> subprocess.Popen[bytes]:
    script = SCRIPT.format(house=str(HOUSE), root=str(root), pause=pause)
    return subprocess.Popen([sys.executable, "-c", script], cwd=HOUSE)


@pytest.mark.slow
def test_a_killed_run_goes_on_and_ends_in_the_same_rows(store: Store, tmp_path: Path) -> None:
    root = tmp_path / "data"
    folder = root / "shop" / "recommendations"
    process = run_process(root, pause=0.3)
    parts = folder / ".recommendations.parquet.parts"
    end = time.monotonic() + 60
    while len(list(parts.glob("*/part-*.parquet"))) < 3:
        assert time.monotonic() < end, "no parts were written"
        assert process.poll() is None
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (folder / "recommendations.parquet").exists()
    assert run_process(root, pause=0).wait() == 0
    resumed = json.loads((folder / "manifest.json").read_text())
    assert resumed["parts_resumed"] >= 3
    after = pq.read_table(folder / "recommendations.parquet")
    batch_once(root, pause=0)
    undisturbed = json.loads((folder / "manifest.json").read_text())
    assert undisturbed["parts_resumed"] == 0
    assert pq.read_table(folder / "recommendations.parquet").equals(after)
