"""kill -9 during a load, then load again: the tables are those of a load nobody disturbed."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest

from ingest.rejects import Rejects
from ingest.store import Store
from tests.ingest import slow_load

SCRIPT = Path(slow_load.__file__)
KEYS = {"events": "event_id", "customers": "customer_id"}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, pa.Table], set[str]]:
    root = tmp_path_factory.mktemp("undisturbed")
    slow_load.run(root, pause=0)
    return state(root)


def state(root: Path) -> tuple[dict[str, pa.Table], set[str]]:
    store = Store(root / "store")
    tables = {name: store.read(name).sort_by(key) for name, key in KEYS.items()}
    kept = [name for name, _ in Rejects(root / "rejected").read()]
    assert len(kept) == len(set(kept))
    return tables, set(kept)


def start_and_kill(root: Path, commits: int, delay: float) -> bool:
    """Kill a load a moment after its n-th commit; return whether it was still running."""
    log = root / "store/events/_delta_log"
    before = len(list(log.glob("*.json"))) if log.is_dir() else 0
    child = subprocess.Popen(
        [sys.executable, str(SCRIPT), str(root)], stdout=subprocess.PIPE, cwd=SCRIPT.parents[2]
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    deadline = time.monotonic() + 60
    while child.poll() is None and time.monotonic() < deadline:
        if log.is_dir() and len(list(log.glob("*.json"))) - before >= commits:
            break
        time.sleep(0.001)
    time.sleep(delay)
    child.send_signal(signal.SIGKILL)
    finished = b"done" in child.stdout.read()
    child.wait()
    child.stdout.close()
    return not finished


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_and_run_again_is_as_if_never_killed(
    seed: int, tmp_path: Path, undisturbed: tuple[dict[str, pa.Table], set[str]]
) -> None:
    rng = random.Random(seed)
    killed = [
        start_and_kill(tmp_path, commits=rng.randint(1, 6), delay=rng.random() * 0.03)
        for _ in range(2)
    ]
    assert all(killed)
    partial, _ = state(tmp_path)
    assert 0 < partial["events"].num_rows < slow_load.BATCHES * slow_load.ROWS
    slow_load.run(tmp_path, pause=0)
    tables, rejected = state(tmp_path)
    assert tables["events"].num_rows == slow_load.BATCHES * (slow_load.ROWS - 1)
    assert tables == undisturbed[0]
    assert rejected == undisturbed[1]
