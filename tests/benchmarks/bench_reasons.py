"""Contributions read off the paths of the trees, against Shapley values of the same trees.

Run after ``make demo``: ``python tests/benchmarks/bench_reasons.py``. The rows are what the demo's
ranker recommends to 400 customers; both sides see the same table, one thread each. Printed: how
often the same group of features comes first, and the time of the reference over ours.
"""

from __future__ import annotations

import sys
import time

from ingest.runtime import prepare

prepare()

import numpy as np  # noqa: E402
from kept import keep  # noqa: E402

from training.models.fallback import WithFallback  # noqa: E402
from training.models.ranker import Ranker  # noqa: E402
from training.models.ranking.booster import Booster  # noqa: E402
from training.registry import load_champion  # noqa: E402

CUSTOMERS, BEST = 400, 10


def recommended(ranker: Ranker) -> np.ndarray:
    """Return the features of the best candidates, float32 [rows, columns]."""
    stage, booster = ranker._scorer.stage, ranker._scorer.booster
    parts = []
    numbers = np.arange(CUSTOMERS, dtype=np.int32)
    for part in stage.blocks(CUSTOMERS):
        table = stage.table(numbers[part], ranker.histories[numbers[part]])
        order = np.lexsort((-booster.score(table.matrix), table.pairs.rows))
        place = np.arange(len(order)) - np.searchsorted(table.pairs.rows, table.pairs.rows[order])
        parts.append(table.matrix[order[place < BEST]])
    return np.concatenate(parts)


def shapley(booster: Booster, table: np.ndarray) -> np.ndarray:
    """Return the reference: Shapley values summed by group, float64 [rows, groups]."""
    columns = np.asarray(booster.model.predict(table, pred_contrib=True, num_threads=1))
    owner = np.array([booster.owners[name] for name in booster.columns])
    return np.stack([columns[:, :-1][:, owner == g].sum(axis=1) for g in booster.paths.groups], 1)


def main() -> None:
    """Measure and print."""
    model = load_champion("demo").model
    ranker = model.primary if isinstance(model, WithFallback) else model
    if not isinstance(ranker, Ranker):
        sys.exit(f"the champion of the demo is {type(ranker).__name__}, which has no trees")
    booster, table = ranker._scorer.booster, recommended(ranker)
    booster.contributions(table[:1])
    start = time.perf_counter()
    parts = booster.contributions(table)
    ours = time.perf_counter() - start
    start = time.perf_counter()
    reference = shapley(booster, table)
    theirs = time.perf_counter() - start
    found = np.stack([parts[group] for group in booster.paths.groups], axis=1)
    same = (found.argmax(axis=1) == reference.argmax(axis=1)).mean()
    on = f"{len(table)} recommendations of the demo, {len(booster.columns)} features"
    against = "Shapley values of the same trees"
    keep(__file__, "seconds", ours, on=on, against=against, reference=theirs)
    keep(__file__, "same_group_first", same, on=on, against=against)


if __name__ == "__main__":
    main()
