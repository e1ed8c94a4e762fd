"""Seconds per epoch of iALS beside implicit's ALS, and how good each is.

Run: ``python tests/benchmarks/bench_ials.py [workspace]``; needs The Complete Journey as the
workspace ``demo`` (``python -m ingest``). Both factorize the same binary matrix with 128 factors
and 2 threads by conjugate gradients; an epoch is the time of 8 epochs more, so that starting up
does not count, the median of ten rounds in which each side is first in turn. Accuracy is recall@20
of the task discover from 2017-11-01, 16 epochs each, with the defaults of ``conf/model``. Results
go to ``data/reports/speed.json``.
"""

from __future__ import annotations

import statistics
import sys
import time
from datetime import UTC, datetime
from functools import partial

from ingest.runtime import prepare

prepare()

from implicit.cpu.als import AlternatingLeastSquares  # noqa: E402
from kept import keep  # noqa: E402
from scipy.sparse import csr_matrix  # noqa: E402

from training.data import StoreData  # noqa: E402
from training.evaluate import evaluate  # noqa: E402
from training.interactions import Interactions  # noqa: E402
from training.models.als import ALS  # noqa: E402
from training.models.ials import IALS  # noqa: E402
from training.splits import GlobalTemporal  # noqa: E402

FACTORS, THREADS, ROUNDS, FEW, MANY = 128, 2, 10, 2, 10
CUTOFF = datetime(2017, 11, 1, tzinfo=UTC)


def theirs(matrix: csr_matrix, epochs: int) -> float:
    """Return the seconds ``implicit`` takes."""
    model = AlternatingLeastSquares(
        factors=FACTORS, iterations=epochs, num_threads=THREADS, random_state=0
    )
    started = time.perf_counter()
    model.fit(matrix, show_progress=False)
    return time.perf_counter() - started


def ours(matrix: csr_matrix, interactions: Interactions, epochs: int) -> float:
    """Return the seconds our iALS takes."""
    model = IALS(dimensions=FACTORS, epochs=epochs, threads=THREADS)
    started = time.perf_counter()
    model.fit_matrix(matrix, interactions)
    return time.perf_counter() - started


def main(workspace: str) -> None:
    """Measure, print and keep the figures."""
    splitter = GlobalTemporal(cutoff=CUTOFF, min_customers_per_item=5)
    data = StoreData(workspace=workspace, kinds=["purchase"], profiles="off")
    split = data.prepare(splitter).splits[0]
    matrix = split.train.csr("binary")
    pairs = []
    own, direct = partial(ours, matrix, split.train), partial(theirs, matrix)
    for number in range(ROUNDS):
        taken = {}
        for each in (own, direct) if number % 2 else (direct, own):  # nobody is always second
            taken[each] = (each(MANY) - each(FEW)) / (MANY - FEW)
        pairs.append((taken[own], taken[direct]))
    shape = f"{matrix.shape[0]:,} x {matrix.shape[1]:,}, {matrix.nnz:,} pairs"
    keep(
        __file__,
        "ials_seconds_per_epoch",
        statistics.median(pair[0] for pair in pairs),
        on=f"The Complete Journey, {shape}, {FACTORS} factors, {THREADS} threads",
        against="implicit's ALS",
        reference=statistics.median(pair[1] for pair in pairs),
        ratio=statistics.median(first / second for first, second in pairs),
    )
    models = IALS(dimensions=FACTORS), ALS(dimensions=FACTORS, iterations=16)
    found = [
        evaluate(model.fit(split.train), split, "discover", 20).summary["recall@20"].value
        for model in models
    ]
    keep(
        __file__,
        "ials_recall@20",
        found[0],
        on=f"The Complete Journey, discover, {split.name}, {FACTORS} factors",
        against="implicit's ALS",
        reference=found[1],
    )


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "demo")
