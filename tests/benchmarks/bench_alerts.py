"""Surge alerts on simulated seasonal traffic: what they find, how fast, and how often wrongly.

    python tests/benchmarks/bench_alerts.py [--weeks 100] [--stored 2000000]

What is measured is told in ``insights/bench/alerts.py``; beside it ``evaluate_seconds`` is one
evaluation of the rule over stored conversations, the workspace open.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from kept import keep

from insights.alerts.book import Book
from insights.alerts.evaluate import evaluate
from insights.bench.alerts import TRAFFIC, figures, surge
from insights.bench.traffic import MONDAY, draw, write
from insights.delivery.channels import Delivery


def main() -> None:
    """Measure, print and keep the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--weeks", type=int, default=100)
    parser.add_argument("--stored", type=int, default=2_000_000)
    told = parser.parse_args()
    for level, scatter in TRAFFIC:
        on = f"simulated: {level} an hour at the peak of a day, dispersion {scatter:g}"
        for metric, value, asked, weeks in figures(level, scatter, told.weeks):
            dataset = f"{on}; {weeks} weeks" if weeks else on
            nominal = asked if metric == "false_alerts_per_1000_buckets" else None
            against = "" if nominal is None else "nominal"
            keep(__file__, metric, value, on=dataset, against=against, reference=nominal)
    stored(told.stored)


def stored(conversations: int) -> None:
    """Measure one evaluation over stored conversations."""
    rng = np.random.default_rng(13)
    level = conversations / draw(12, 1000, 0.0, rng).sum() * 1000
    with tempfile.TemporaryDirectory() as folder:
        tables = write(Path(folder), draw(12, level, 0.05, rng))
        size = int(tables.chats.rows.count().to_pandas())
        seconds = []
        for number in range(3):
            book = Book(type(tables.workspace)(Path(folder) / str(number)))
            start = time.perf_counter()
            now = MONDAY + timedelta(weeks=11, hours=number)
            evaluate(surge(), tables, book, Delivery(), zone="UTC", now=now)
            seconds.append(time.perf_counter() - start)
    keep(__file__, "evaluate_seconds", statistics.median(seconds), on=f"{size:,} conversations")


if __name__ == "__main__":
    main()
