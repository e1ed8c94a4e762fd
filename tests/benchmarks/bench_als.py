"""What our ALS costs beside calling ``implicit`` on the same matrix.

Run: ``python tests/benchmarks/bench_als.py``. Both fit 50k customers x 5k items, 1M pairs, 64
factors, 10 iterations, taking turns; ours starts from ``Interactions`` and so also makes the
matrix. Results go to ``data/reports/speed.json``.
"""

from __future__ import annotations

import statistics
import time

from ingest.runtime import prepare

prepare()

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from implicit.cpu.als import AlternatingLeastSquares  # noqa: E402
from kept import keep  # noqa: E402

from training.interactions import Interactions  # noqa: E402
from training.models.als import ALS  # noqa: E402

CUSTOMERS, ITEMS, ROWS, ROUNDS = 50_000, 5_000, 1_000_000, 3
SETTINGS = {"regularization": 0.01, "iterations": 10}


def some_interactions() -> Interactions:
    """Return random distinct pairs with Zipf-like items."""
    rng = np.random.default_rng(0)
    weight = 1 / np.arange(1, ITEMS + 1) ** 0.6
    frame = pd.DataFrame(
        {
            "customer": rng.integers(0, CUSTOMERS, int(1.1 * ROWS)),
            "item": rng.choice(ITEMS, size=int(1.1 * ROWS), p=weight / weight.sum()),
        }
    ).drop_duplicates()[:ROWS]
    frame["customer_id"] = "c" + frame["customer"].astype(str)
    frame["item_id"] = "i" + frame["item"].astype(str)
    frame["occurred_at"] = pd.Timestamp("2024-01-01", tz="UTC")
    return Interactions.of(frame)


def main() -> None:
    """Measure, print and keep the figures."""
    interactions = some_interactions()
    matrix = interactions.csr("binary")
    theirs, ours = [], []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        direct = AlternatingLeastSquares(factors=64, random_state=0, **SETTINGS)
        direct.fit(matrix, show_progress=False)
        middle = time.perf_counter()
        model = ALS(dimensions=64, seed=0, **SETTINGS).fit(interactions)
        theirs.append(middle - start)
        ours.append(time.perf_counter() - middle)
    np.testing.assert_allclose(model._arrays()["items"], direct.item_factors, atol=1e-4)
    keep(
        __file__,
        "fit_seconds",
        statistics.median(ours),
        on=f"{CUSTOMERS} x {ITEMS}, {matrix.nnz} pairs, 64 factors, 10 iterations, equal factors",
        against="implicit on the same matrix",
        reference=statistics.median(theirs),
        ratio=statistics.median(a / b for a, b in zip(ours, theirs, strict=True)),
    )


if __name__ == "__main__":
    main()
