"""A made-up shop of 100,000 items with a champion and profiles, served by the real verb."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(HOUSE))

from ingest.runtime import prepare  # noqa: E402

prepare()

ITEMS, FACTORS, CUSTOMERS, EVENTS = 100_000, 64, 3_000, 200_000
UNTIL = datetime(2026, 4, 1, tzinfo=UTC)


def make_shop(folder: Path, *, profiles: bool) -> None:
    """Load items, fit and register a champion below ``folder``; make profiles if asked.

    The champion is ALS with 64 factors and recent popularity behind it, fitted on events whose
    items are long-tailed: everything is bought at least once, some things by nearly everybody.
    """
    import pyarrow as pa

    from ingest.schemas import canonical
    from ingest.store import Store
    from ingest.workspace import Workspace

    workspace = Workspace.named("bench", folder / "data")
    ids = [f"i{n}" for n in range(ITEMS)]
    schema = canonical("items").schema
    known = {"item_id": ids, "source": ["bench"] * ITEMS, "title": [f"Item {i}" for i in ids]}
    known["category"] = [f"Department {n % 20} > Shelf {n % 400}" for n in range(ITEMS)]
    rows = {name: known.get(name, [None] * ITEMS) for name in schema.names}
    Store(workspace.store).add("items", pa.table(rows, schema))
    _register(folder)
    if profiles:
        _make_profiles(folder / "data")


def _register(folder: Path) -> None:
    import numpy as np
    import pandas as pd

    from training.bundle import Bundle
    from training.interactions import Interactions
    from training.models.als import ALS
    from training.models.fallback import WithFallback
    from training.models.popular import RecentPopularity
    from training.registry import Registry
    from training.tracking.log import log_bundle
    from training.tracking.store import TrackingStore

    rng = np.random.default_rng(0)
    items = np.concatenate([np.arange(ITEMS), rng.zipf(1.2, EVENTS) % ITEMS])
    days = rng.integers(1, 90, len(items))
    frame = pd.DataFrame(
        {
            "customer_id": [f"c{n}" for n in rng.integers(0, CUSTOMERS, len(items))],
            "item_id": [f"i{n}" for n in items],
            "occurred_at": [UNTIL - timedelta(days=int(n)) for n in days],
        }
    )
    interactions = Interactions.of(frame, until=UNTIL)
    model = WithFallback(primary=ALS(dimensions=FACTORS, iterations=5), fallback=RecentPopularity())
    bundle = Bundle(model.fit(interactions), "als", "bench", "discover")
    tracking = TrackingStore(folder / "mlruns")
    mlflow = tracking.connect()
    with mlflow.start_run(experiment_id=tracking.experiment("bench", "discover")):
        uri = log_bundle(tracking, bundle)
    Registry("bench", tracking).promote(uri)


def _make_profiles(data: Path) -> None:
    import numpy as np
    import pyarrow as pa

    from features.store.files import join_parts, write_part
    from features.store.materialize import materialize
    from features.store.registry import apply
    from features.store.schema import NUMBER, NUMBERS, TABLES, TEXT, VECTOR_LENGTH
    from ingest.workspace import Workspace

    workspace = Workspace.named("bench", data)
    rng = np.random.default_rng(1)
    ids = [f"c{n}" for n in range(CUSTOMERS)]
    for name, table in TABLES.items():
        size = CUSTOMERS if table.key == "customer_id" else 1
        columns: dict[str, object] = {table.key: ids[:size], "event_timestamp": [UNTIL] * size}
        for column, kind in table.columns.items():
            if kind == NUMBER:
                columns[column] = rng.random(size, dtype=np.float32)
            elif kind == TEXT:
                columns[column] = [f"{column} {n % 7}" for n in range(size)]
            elif kind == NUMBERS:
                width = VECTOR_LENGTH if column.endswith("vector") else 8
                columns[column] = list(rng.normal(size=(size, width)).astype(np.float32))
            else:
                columns[column] = [[f"{column} {n % 7}", "other"] for n in range(size)]
        write_part(workspace, name, UNTIL, pa.table(columns, schema=table.schema))
    join_parts(workspace, [UNTIL])
    materialize(workspace, UNTIL, store=apply(workspace))


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def serve_command(folder: Path, port: int) -> list[str]:
    """Return the command that runs ``python -m serving.api`` over the shop below ``folder``."""
    where = [f"data_dir={folder / 'data'}", f"tracking.folder={folder / 'mlruns'}"]
    return [sys.executable, "-m", "serving.api", "workspace=bench", f"port={port}", *where]


@contextmanager
def running(command: Sequence[str], url: str, seconds: float = 120) -> Iterator[float]:
    """Run a server until it answers, and stop it at the end; gives the seconds it took."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    settings = {"PATH": programs, "PYTHONPATH": str(HOUSE), "PYTHONWARNINGS": "ignore"}
    environment = os.environ | settings
    started = time.perf_counter()
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=HOUSE
    )
    try:
        while not _answers(url):
            if process.poll() is not None or time.perf_counter() - started > seconds:
                raise RuntimeError(f"{command[:3]}: not ready at {url}")
            time.sleep(0.02)
        yield time.perf_counter() - started
    finally:
        process.terminate()
        process.wait(30)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


if __name__ == "__main__":
    make_shop(Path(sys.argv[1]), profiles="profiles" in sys.argv)
