"""Time and memory to fit EASE at 8,000 items.

Run: ``python tests/benchmarks/bench_ease.py``. 5,000 customers with about 100 items each; the
time covers everything in ``fit`` but the counting of events. Results go to
``data/reports/speed.json``.
"""

from __future__ import annotations

import resource
import time

from ingest.runtime import prepare

prepare()

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from kept import keep  # noqa: E402

from training.interactions import Interactions  # noqa: E402
from training.models.ease import EASE  # noqa: E402

CUSTOMERS, ITEMS, ROWS = 5_000, 10_000, 500_000


def main() -> None:
    """Measure, print and keep the figures."""
    rng = np.random.default_rng(0)
    weight = 1 / np.arange(1, ITEMS + 1) ** 0.6
    columns = rng.choice(ITEMS, size=ROWS, p=weight / weight.sum())
    frame = pd.DataFrame(
        {
            "customer_id": pd.Series(rng.integers(0, CUSTOMERS, ROWS)).astype(str),
            "item_id": pd.Series(columns).astype(str),
            "occurred_at": pd.Timestamp("2024-01-01", tz="UTC"),
        }
    )
    interactions = Interactions.of(frame)
    matrix = interactions.csr()
    start = time.perf_counter()
    EASE(max_items=8_000).fit_matrix(matrix, interactions)
    seconds = time.perf_counter() - start
    on = f"{CUSTOMERS} x {ITEMS}, {matrix.nnz} pairs, 8,000 items kept"
    keep(__file__, "fit_seconds", seconds, on=on, against="limit", reference=10.0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    keep(__file__, "peak_mb", peak, on=on)


if __name__ == "__main__":
    main()
