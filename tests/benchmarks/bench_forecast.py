"""How good forecasts of daily volume are on real series, beside copying the week before.

``HUAXIANG_DATA=folder python tests/benchmarks/bench_forecast.py`` forecasts 14 days of 20 of the
500 series of store-item-demand (every 25th, five years each) from 26 earlier days, a week apart.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import pandas as pd

from insights.forecast import forecast
from tests.benchmarks.kept import keep

DAYS, CUTOFFS, EVERY, INTERVAL = 14, 26, 25, 0.8


def series(data: Path) -> Iterator[np.ndarray]:
    """Yield the daily sales of every 25th pair of a store and an item."""
    path = data / "store-item-demand" / "train.csv.gz"
    if not path.is_file():
        raise FileNotFoundError(f"expected {path}, found no such file; set HUAXIANG_DATA")
    sales = pd.read_csv(path, parse_dates=["date"]).sort_values("date")
    for number, (_, rows) in enumerate(sales.groupby(["store", "item"])["sales"]):
        if number % EVERY == 0:
            yield rows.to_numpy(np.float64)


def main() -> None:
    """Measure, print and keep."""
    started = perf_counter()
    found = [
        forecast(each, days=DAYS, interval=INTERVAL, cutoffs=CUTOFFS)[1]
        for each in series(Path(os.environ["HUAXIANG_DATA"]))
    ]
    seconds = (perf_counter() - started) / len(found)
    on = f"store-item-demand, {len(found)} series, {DAYS} days ahead"
    for metric in ("mase", "rmsse", "smape"):
        own = float(np.mean([getattr(each, metric) for each in found]))
        naive = float(np.mean([getattr(each, f"naive_{metric}") for each in found]))
        keep(__file__, metric, own, on=on, against="seasonal naive", reference=naive)
    covered = float(np.mean([each.coverage for each in found]))
    keep(__file__, "interval_coverage", covered, on=on, against="asked for", reference=INTERVAL)
    keep(__file__, "seconds_a_series", seconds, on=f"{on}, {CUTOFFS} backtests")


if __name__ == "__main__":
    main()
