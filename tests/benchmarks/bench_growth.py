"""How the time and memory to fit grow with the data: 1, 4 and 16 times as many purchases.

Run: ``python tests/benchmarks/bench_growth.py [model ...]``. Simulated purchases, drawn with one
seed: customers grow with the data, items with its square root. Every fit has a process of its own,
so that memory is that of the model; ``fit_mb`` (at least .1) is the peak above what the data and
the libraries, loaded by a fit of 2,000 purchases, took. The slope is that of a straight line
through the logarithms: 1 doubles with the data, 2 quadruples. Results go to
``data/reports/growth.json``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

from ingest.runtime import prepare

prepare()

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from hydra import compose, initialize_config_dir  # noqa: E402
from hydra.utils import instantiate  # noqa: E402
from kept import REPORT  # noqa: E402

from ingest.configuration import configuration  # noqa: E402
from training.interactions import Interactions  # noqa: E402
from training.memory import peak_mb, reset_peak  # noqa: E402
from training.models.base import Recommender  # noqa: E402
from training.report import Row, write_rows  # noqa: E402

MODELS = (
    *("popular", "item_knn", "rp3beta", "als", "ials", "bpr", "ease", "edlae", "slim", "ranker"),
    *("ncf", "multvae", "two_tower", "sasrec"),
)
SCALES = (1, 4, 16)
CUSTOMERS, ITEMS, ROWS, DAYS = 4_000, 1_000, 100_000, 365
SMALLER = {  # so many epochs whatever the data: early stopping would hide the growth
    "ranker": ["model.windows=1", "model.trees=60"],
    "ncf": ["model.epochs=2"],
    "multvae": ["model.epochs=2"],
    "two_tower": ["model.epochs=2", "model.windows=2"],
    "sasrec": ["model.epochs=1", "model.dimensions=64", "model.length=50"],
}
QUICK = 3.0  # seconds: what takes less is repeated, the quickest counts


def purchases(scale: int, rows: int = ROWS, seed: int = 0) -> Interactions:
    """Draw ``scale`` times ``rows`` purchases over a year, with Zipf-like items."""
    rng = np.random.default_rng(seed)
    items, rows = round(ITEMS * scale**0.5), rows * scale
    weight = 1 / np.arange(1, items + 1) ** 0.6
    frame = pd.DataFrame(
        {
            "customer_id": pd.Series(rng.integers(0, CUSTOMERS * scale, rows)).astype(str),
            "item_id": pd.Series(rng.choice(items, size=rows, p=weight / weight.sum())).astype(str),
            "occurred_at": pd.Timestamp("2024-01-01", tz="UTC")
            + pd.to_timedelta(rng.integers(0, DAYS * 24, rows), unit="h"),
        }
    )
    return Interactions.of(frame)


def configured(name: str) -> Recommender:
    """Return the model as ``conf/model`` has it."""
    with initialize_config_dir(configuration(), version_base=None):
        config = compose("training", [f"model={name}", *SMALLER.get(name, [])])
    model: Recommender = instantiate(config.model, _convert_="all")
    return model


def one(name: str, scale: int) -> dict[str, float]:
    """Fit one model in this process; return seconds and megabytes."""
    tiny = purchases(1, rows=2_000)
    configured(name).fit_matrix(tiny.csr(), tiny)  # libraries are loaded now
    data = purchases(scale)
    matrix = data.csr()
    configured("popular").fit_matrix(matrix, data)  # what is computed once and kept
    seconds: list[float] = []
    reset_peak()
    held = peak_mb()
    while not seconds or (sum(seconds) < QUICK and len(seconds) < 3):
        model = configured(name)
        started = time.perf_counter()
        model.fit_matrix(matrix, data)
        seconds.append(time.perf_counter() - started)
    return {"fit_seconds": min(seconds), "fit_mb": max(peak_mb() - held, 0.1)}


def slope(values: list[float]) -> float:
    """Return the slope of the logarithms over those of the scales."""
    return round(float(np.polyfit(np.log(SCALES), np.log(values), 1)[0]), 3) + 0.0  # no -0


def main(names: list[str]) -> None:
    """Measure in processes of their own, print and keep the figures."""
    for name in names or MODELS:
        found = []
        for scale in SCALES:
            command = [sys.executable, __file__, "--one", name, str(scale)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found.append(json.loads(done.stdout.splitlines()[-1]))
        rows = []
        for metric in ("fit_seconds", "fit_mb"):
            values = [each[metric] for each in found]
            named = {f"{scale}x": value for scale, value in zip(SCALES, values, strict=True)}
            named["slope"] = slope(values)
            rows += [Row("simulated", at, name, metric, value) for at, value in named.items()]
            told = ", ".join(f"{at} {value:.3g}" for at, value in named.items())
            sys.stdout.write(f"{name} {metric}: {told}\n")
        write_rows(REPORT.with_name("growth.json"), rows)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        sys.stdout.write(json.dumps(one(sys.argv[2], int(sys.argv[3]))) + "\n")
    else:
        main(sys.argv[1:])
