"""Online endpoint: p50, p99 and requests a second at 8 connections, against two references.

    python tests/benchmarks/bench_api.py

One worker serves a synthetic champion of 100,000 items with 64 factors. An answer moves the
customer's factors by the profile vector that the bundle holds, takes the best 10 of all items
without those seen and gives a reason each. The readable profile from the online feature store is
measured too. The references run in the same way, one after the other, under the same client with
8 keep-alive connections: an empty FastAPI route, and MLflow's own model server (``mlflow models
serve``) with a model that does nothing.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(HOUSE))

from ingest.runtime import prepare  # noqa: E402

prepare()

ITEMS, FACTORS, CUSTOMERS = 100_000, 64, 3_000
CONNECTIONS, REQUESTS, WARM_UP = 8, 4_000, 400
AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
TARGET_MS = 20.0


def make_features(folder: Path) -> None:
    """Write, register and materialize profiles of every customer."""
    import numpy as np
    import pyarrow as pa

    from features.store.files import join_parts, write_part
    from features.store.materialize import materialize
    from features.store.registry import apply
    from features.store.schema import NUMBER, NUMBERS, TABLES, TEXT
    from ingest.workspace import Workspace

    workspace = Workspace.named("bench", folder)
    rng = np.random.default_rng(1)
    ids = [f"c{n}" for n in range(CUSTOMERS)]
    for name, table in TABLES.items():
        size = CUSTOMERS if table.key == "customer_id" else 1
        columns: dict[str, object] = {table.key: ids[:size], "event_timestamp": [AS_OF] * size}
        for column, kind in table.columns.items():
            if kind == NUMBER:
                columns[column] = rng.random(size, dtype=np.float32)
            elif kind == TEXT:
                columns[column] = [f"{column} {n % 7}" for n in range(size)]
            elif kind == NUMBERS:
                width = FACTORS if column.endswith("vector") else 8
                columns[column] = list(rng.normal(size=(size, width)).astype(np.float32))
            else:
                columns[column] = [[f"{column} {n % 7}", "other"] for n in range(size)]
        write_part(workspace, name, AS_OF, pa.table(columns, schema=table.schema))
    join_parts(workspace, [AS_OF])
    materialize(workspace, AS_OF, store=apply(workspace))


def serve(folder: Path, port: int) -> None:
    """Serve the synthetic champion."""
    import numpy as np
    import uvicorn
    from scipy.sparse import csr_matrix

    from ingest.schemas import canonical
    from serving.api.app import create_app
    from serving.api.settings import ApiSettings
    from serving.catalog import Catalog
    from serving.profiles import LazyFeatures
    from serving.ranked import Facts
    from serving.recommend import Engine
    from training.ids import IdMap
    from training.models.base import Recommender

    class Profiled(Recommender):
        """Customer factors moved towards the customer's profile, times item factors."""

        def _fit(self, matrix, interactions, features):  # type: ignore[no-untyped-def]
            raise NotImplementedError

        def factors(self, numbers, histories):  # type: ignore[no-untyped-def]
            return self.users[numbers] + 0.1 * self.profiles[numbers], self.vectors

        def _arrays(self):  # type: ignore[no-untyped-def]
            return {}

        def _restore(self, arrays):  # type: ignore[no-untyped-def]
            return None

    rng = np.random.default_rng(0)
    model = Profiled()
    model.customers = IdMap.of(f"c{n}" for n in range(CUSTOMERS))
    model.items = IdMap.of(f"i{n}" for n in range(ITEMS))
    model.users = rng.normal(size=(CUSTOMERS, FACTORS)).astype(np.float32)
    model.vectors = rng.normal(size=(ITEMS, FACTORS)).astype(np.float32)
    model.profiles = rng.normal(size=(CUSTOMERS, FACTORS)).astype(np.float32)
    model.until = AS_OF
    bought = np.sort(rng.integers(0, ITEMS, (CUSTOMERS, 50)), axis=1).astype(np.int32)
    bounds = np.arange(0, bought.size + 1, 50, dtype=np.int32)
    ones = np.ones(bought.size, dtype=np.float32)
    model.histories = csr_matrix((ones, bought.ravel(), bounds), shape=(CUSTOMERS, ITEMS))
    model.histories.sum_duplicates()
    rows = {"item_id": list(model.items.ids), "source": ["bench"] * ITEMS}
    rows["title"] = [f"Item {n}" for n in range(ITEMS)]
    rows["category"] = [f"Department {n % 20} > Shelf {n % 400}" for n in range(ITEMS)]
    import pyarrow as pa

    schema = canonical("items").schema
    missing = {name: [None] * ITEMS for name in schema.names if name not in rows}
    items = pa.table({**rows, **missing}, schema=schema)
    settings = ApiSettings(workspace="bench", data_dir=folder, port=port)

    def load(_: ApiSettings, features: LazyFeatures) -> Engine:
        return Engine(
            model=model,
            facts=Facts("1", "profiled factors", AS_OF, ("purchase",)),
            catalog=Catalog.of(tuple(model.items.ids), items),
            recent=rng.integers(0, 50, ITEMS).astype(np.float32),
            features=features,
        )

    uvicorn.run(create_app(settings, load=load), port=port, access_log=False, log_level="warning")


def serve_empty(port: int) -> None:
    """Serve a FastAPI route that does nothing."""
    import uvicorn
    from fastapi import FastAPI

    app = FastAPI()

    @app.get("/nothing")
    async def nothing() -> dict[str, str]:
        return {}

    uvicorn.run(app, port=port, access_log=False, log_level="warning")


def make_pyfunc(folder: Path) -> Path:
    """Save the trivial MLflow model."""
    import mlflow

    script = folder / "trivial.py"
    script.write_text(
        "import mlflow\n"
        "class Trivial(mlflow.pyfunc.PythonModel):\n"
        "    def predict(self, context, model_input, params=None):\n"
        "        return [0.0] * len(model_input)\n"
        "mlflow.models.set_model(Trivial())\n"
    )
    target = folder / "trivial"
    mlflow.pyfunc.save_model(str(target), python_model=str(script), pip_requirements=[])
    return target


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def running(command: Sequence[str], url: str, seconds: float = 120) -> Iterator[float]:
    """Run a server until it answers, and stop it at the end; gives the seconds it took."""
    environment = {**os.environ, "PYTHONPATH": str(HOUSE), "PYTHONWARNINGS": "ignore"}
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, cwd=HOUSE)
    try:
        while True:
            try:
                with urllib.request.urlopen(url, timeout=5) as answer:
                    if answer.status == 200:
                        break
            except OSError:
                pass
            if process.poll() is not None or time.perf_counter() - started > seconds:
                raise RuntimeError(f"{' '.join(command)}: not ready at {url}")
            time.sleep(0.05)
        yield time.perf_counter() - started
    finally:
        process.terminate()
        process.wait(30)


def measure(port: int, method: str, path: str, *more: str) -> dict[str, float]:
    """Load a running server, first to warm it up, then to measure."""
    found: dict[str, float] = {}
    for requests in (WARM_UP, REQUESTS):
        command = [sys.executable, str(Path(__file__).with_name("http_load.py")), method, path]
        command += ["--port", str(port), "--connections", str(CONNECTIONS), *more]
        command += ["--requests", str(requests)]
        found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return found


def main() -> None:
    me = [sys.executable, str(Path(__file__).resolve())]
    path = "/v1/customers/c{n}/recommendations?k=10"
    results = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run([*me, "features", name], check=True, cwd=HOUSE)
        port = free_port()
        with running([*me, "serve", name, str(port)], f"http://127.0.0.1:{port}/ready"):
            spread = ("--spread", str(CUSTOMERS))
            results["recommendations"] = measure(port, "GET", path, *spread)
            results["profile"] = measure(port, "GET", "/v1/customers/c{n}/profile", *spread)
        port = free_port()
        with running([*me, "empty", name, str(port)], f"http://127.0.0.1:{port}/nothing"):
            results["empty FastAPI route"] = measure(port, "GET", "/nothing")
        if "quick" not in sys.argv:
            port = free_port()
            server = [str(Path(sys.executable).with_name("mlflow")), "models", "serve"]
            server += ["--model-uri", str(make_pyfunc(folder)), "--env-manager", "local"]
            server += ["--port", str(port), "--workers", "1"]
            with running(server, f"http://127.0.0.1:{port}/ping"):
                body = json.dumps({"dataframe_records": [{"customer_id": "c1", "k": 10}]})
                results["MLflow model server"] = measure(
                    port, "POST", "/invocations", "--body", body
                )
    report(results)


def report(results: dict[str, dict[str, float]]) -> None:
    lines = [f"{CONNECTIONS} connections, {REQUESTS} requests each, {os.cpu_count()} cores"]
    for name, one in results.items():
        shown = "  ".join(
            f"{key} {one[key]:>8}" for key in ("p50_ms", "p90_ms", "p99_ms", "max_ms")
        )
        lines.append(f"{name:>22}: {shown}  {one['per_second']:>8} /s  failures {one['failures']}")
    ours = results["recommendations"]
    for name, one in results.items():
        if one is not ours:
            ratio = ours["per_second"] / one["per_second"]
            lines.append(f"recommendations a second, as a share of the {name}: {ratio:.3f}")
    verdict = "met" if ours["p99_ms"] <= TARGET_MS else "NOT met"
    lines.append(f"p99 {ours['p99_ms']} ms, target {TARGET_MS} ms: {verdict}")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    verb = sys.argv[1] if len(sys.argv) > 1 else ""
    if verb == "features":
        make_features(Path(sys.argv[2]))
    elif verb == "serve":
        serve(Path(sys.argv[2]), int(sys.argv[3]))
    elif verb == "empty":
        serve_empty(int(sys.argv[3]))
    else:
        main()
