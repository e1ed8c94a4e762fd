"""Online endpoint: p50, p99 and requests a second at 8 connections, against two references.

    python tests/benchmarks/bench_api.py

One worker of ``python -m serving.api`` serves a fitted champion (ALS with 64 factors over 100,000
items, all of which have been bought, and 3,000 customers with profiles): the best 10 of all items
without those seen, with a reason each. The readable profile from the online feature store is
measured too. The references run in the same way, one after the other, under the same client with
8 keep-alive connections: an empty FastAPI route, and MLflow's own model server (``mlflow models
serve``) with a model that does nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from kept import keep
from served_shop import CUSTOMERS, HOUSE, free_port, running, serve_command

CONNECTIONS, REQUESTS, WARM_UP = 8, 4_000, 400
TARGET_MS = 20.0
COLUMNS = ("p50_ms", "p90_ms", "p99_ms", "max_ms")
EMPTY = """
import uvicorn
from fastapi import FastAPI
app = FastAPI()
@app.get("/nothing")
async def nothing() -> dict[str, str]:
    return {{}}
uvicorn.run(app, port={port}, access_log=False, log_level="warning")
"""
TRIVIAL = """
import mlflow
class Trivial(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [0.0] * len(model_input)
mlflow.models.set_model(Trivial())
"""

Result = dict[str, float]


def measure(port: int, method: str, path: str, *more: str) -> Result:
    """Load a running server, first to warm it up, then to measure."""
    found: Result = {}
    for requests in (WARM_UP, REQUESTS):
        command = [sys.executable, str(Path(__file__).with_name("http_load.py")), method, path]
        command += ["--port", str(port), "--connections", str(CONNECTIONS), *more]
        command += ["--requests", str(requests)]
        found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return found


def of_ours(folder: Path) -> dict[str, Result]:
    """Measure recommendations and profiles."""
    port = free_port()
    spread = ("--spread", str(CUSTOMERS))
    path = "/v1/customers/c{n}"
    with running(serve_command(folder, port), f"http://127.0.0.1:{port}/ready"):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path.format(n=1)}/profile"):
            time.sleep(1)  # the feature store is open, nothing works in the background any more
        return {
            "recommendations": measure(port, "GET", path + "/recommendations?k=10", *spread),
            "profiles": measure(port, "GET", path + "/profile", *spread),
        }


def of_empty_route() -> Result:
    """Measure a FastAPI route that does nothing."""
    port = free_port()
    command = [sys.executable, "-c", EMPTY.format(port=port)]
    with running(command, f"http://127.0.0.1:{port}/nothing"):
        return measure(port, "GET", "/nothing")


def of_mlflow(folder: Path) -> Result:
    """Measure MLflow's own model server with a model that does nothing."""
    import mlflow

    script = folder / "trivial.py"
    script.write_text(TRIVIAL)
    mlflow.pyfunc.save_model(str(folder / "trivial"), python_model=str(script), pip_requirements=[])
    port = free_port()
    server = [str(Path(sys.executable).with_name("mlflow")), "models", "serve", "--workers", "1"]
    server += ["--model-uri", str(folder / "trivial"), "--env-manager", "local"]
    with running([*server, "--port", str(port)], f"http://127.0.0.1:{port}/ping"):
        body = json.dumps({"dataframe_records": [{"customer_id": "c1", "k": 10}]})
        return measure(port, "POST", "/invocations", "--body", body)


def report(results: dict[str, Result]) -> str:
    """Return the figures and what they mean."""
    lines = [f"{CONNECTIONS} connections, {REQUESTS} requests each, {os.cpu_count()} cores"]
    for name, one in results.items():
        shown = "  ".join(f"{key} {one[key]:>8}" for key in COLUMNS)
        lines.append(f"{name:>22}: {shown}  {one['per_second']:>8} /s  failures {one['failures']}")
    return "\n".join(lines) + "\n"


def keep_all(results: dict[str, Result]) -> None:
    """Keep what the README shows."""
    on = f"recommendations, {CONNECTIONS} connections, 100,000 items, 64 factors, profiles"
    ours = results["recommendations"]
    keep(__file__, "p50_ms", ours["p50_ms"], on=on)
    keep(__file__, "p99_ms", ours["p99_ms"], on=on, against="limit", reference=TARGET_MS)
    keep(
        __file__, "p99_ms", results["profiles"]["p99_ms"], on=f"profiles, {CONNECTIONS} connections"
    )
    for name in ("empty FastAPI route", "MLflow model server"):
        if name in results:
            theirs = results[name]["per_second"]
            rate = ours["per_second"]
            keep(__file__, "per_second", rate, on=on, against=name, reference=theirs)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        maker = str(Path(__file__).with_name("served_shop.py"))
        subprocess.run([sys.executable, maker, name, "profiles"], check=True, cwd=HOUSE)
        results = of_ours(Path(name))
        results["empty FastAPI route"] = of_empty_route()
        if "quick" not in sys.argv:
            results["MLflow model server"] = of_mlflow(Path(name))
    sys.stdout.write(report(results))
    keep_all(results)


if __name__ == "__main__":
    main()
