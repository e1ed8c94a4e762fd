"""Seconds from the start of ``python -m serving.api`` to the first 200 of ``/ready``.

    python tests/benchmarks/bench_api_ready.py

A champion of 100,000 items and 3,000 customers (ALS, 64 factors, with recent popularity behind it)
is registered in an MLflow store in a temporary folder, as training does it; the server finds it by
its alias. The first run also fills the file cache; the figure is the median of the others.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(HOUSE), str(Path(__file__).parent)]

from ingest.runtime import prepare  # noqa: E402

prepare()

ITEMS, CUSTOMERS, EVENTS = 100_000, 3_000, 150_000
RUNS, TARGET_SECONDS = 4, 10.0
SERVE = """
import sys
from pathlib import Path
sys.path.insert(0, {house!r})
from ingest.runtime import prepare
prepare()
from training import registry
registry.DEFAULT = Path({mlruns!r})
sys.argv = ["serving.api", "workspace=bench", "data_dir={data}", "port={port}"]
from serving.api.__main__ import main
main()
"""


def make_champion(folder: Path) -> None:
    """Load items and events, fit, and register the bundle as champion."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from ingest.schemas import canonical
    from ingest.store import Store
    from ingest.workspace import Workspace
    from training.bundle import Bundle
    from training.ids import IdMap
    from training.interactions import Interactions
    from training.models.als import ALS
    from training.models.fallback import WithFallback
    from training.models.popular import RecentPopularity
    from training.registry import Registry
    from training.tracking.log import log_bundle
    from training.tracking.store import TrackingStore

    rng = np.random.default_rng(0)
    ids = [f"i{n}" for n in range(ITEMS)]
    schema = canonical("items").schema
    known = {"item_id": ids, "source": ["bench"] * ITEMS, "title": [f"Item {i}" for i in ids]}
    known["category"] = [f"Department {n % 20} > Shelf {n % 400}" for n in range(ITEMS)]
    rows = {name: known.get(name, [None] * ITEMS) for name in schema.names}
    Store(Workspace.named("bench", folder / "data").store).add("items", pa.table(rows, schema))
    start = datetime(2026, 1, 1, tzinfo=UTC)
    frame = pd.DataFrame(
        {
            "customer_id": [f"c{n}" for n in rng.integers(0, CUSTOMERS, EVENTS)],
            "item_id": [f"i{n}" for n in rng.zipf(1.2, EVENTS) % ITEMS],
            "occurred_at": start + pd.to_timedelta(rng.integers(0, 90 * 86_400, EVENTS), "s"),
        }
    )
    interactions = Interactions.of(frame, items=IdMap.of(ids))
    model = WithFallback(primary=ALS(iterations=2), fallback=RecentPopularity())
    bundle = Bundle(model.fit(interactions), "als", "bench", "discover")
    tracking = TrackingStore(folder / "mlruns")
    mlflow = tracking.connect()
    with mlflow.start_run(experiment_id=tracking.experiment("bench", "discover")):
        uri = log_bundle(tracking, bundle)
    Registry("bench", tracking).promote(uri)


def seconds_to_ready(folder: Path) -> float:
    """Start the verb and wait for its first 200."""
    from bench_api import free_port

    port = free_port()
    script = SERVE.format(
        house=str(HOUSE), mlruns=str(folder / "mlruns"), data=str(folder / "data"), port=port
    )
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", script], cwd=HOUSE, env=environment)
    try:
        while time.perf_counter() - started < 120:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=5):
                    return time.perf_counter() - started
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("not ready after 120 s")
    finally:
        process.terminate()
        process.wait(30)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run([sys.executable, __file__, "champion", name], check=True, cwd=HOUSE)
        taken = [seconds_to_ready(folder) for _ in range(RUNS)]
    median = statistics.median(taken[1:])
    shown = ", ".join(f"{seconds:.1f}" for seconds in taken)
    verdict = "met" if median <= TARGET_SECONDS else "NOT met"
    sys.stdout.write(
        f"process start to /ready 200: {shown} s; median after the first {median:.1f} s, "
        f"target {TARGET_SECONDS:.0f} s: {verdict}\n"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["champion"]:
        make_champion(Path(sys.argv[2]))
    else:
        main()
