"""Batch scoring against ``implicit``'s own ``recommend``: top-20 of 100k items, seen removed.

Run: ``python tests/benchmarks/bench_batch_topk.py [--customers 4000] [--factors trained|random]``.

``trained`` factors come from ALS on Zipf-distributed interactions, as a shop has them; ``random``
Gaussian factors are the worst case, where no item is out of reach. Both sides use the same
factors, the same cores and take turns; the median ratio of the rounds is reported with the share
of equal items. Results go to ``data/reports/speed.json``.
"""

from __future__ import annotations

import argparse
import statistics
import time

from ingest.runtime import prepare

prepare()

import numpy as np  # noqa: E402
from implicit.cpu.als import AlternatingLeastSquares  # noqa: E402
from kept import keep  # noqa: E402
from scipy.sparse import csr_matrix  # noqa: E402

from training.topk import ItemFactors, top_of_factors  # noqa: E402

ITEMS, FACTORS, SEEN, K, ROUNDS = 100_000, 64, 50, 20, 5


def interactions(rng: np.random.Generator, customers: int) -> csr_matrix:
    """Return ``SEEN`` draws a customer from a Zipf-like popularity, binary."""
    weight = rng.permutation(1 / np.arange(1, ITEMS + 1) ** 0.8)
    columns = rng.choice(ITEMS, size=customers * SEEN, p=weight / weight.sum())
    rows = np.repeat(np.arange(customers), SEEN)
    matrix = csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=(customers, ITEMS))
    matrix.data[:] = 1
    return matrix


def fitted(kind: str, seen: csr_matrix, rng: np.random.Generator) -> AlternatingLeastSquares:
    """Return implicit's model with trained or random factors."""
    model = AlternatingLeastSquares(factors=FACTORS, iterations=3, random_state=0)
    if kind == "trained":
        model.fit(seen, show_progress=False)
    else:
        model.user_factors = rng.normal(size=(seen.shape[0], FACTORS)).astype(np.float32)
        model.item_factors = rng.normal(size=(ITEMS, FACTORS)).astype(np.float32)
    return model


def measure(kind: str, customers: int) -> dict[str, object]:
    """Time both in turns on ``customers`` customers."""
    rng = np.random.default_rng(0)
    everyone = interactions(rng, max(customers, 20_000 if kind == "trained" else customers))
    model = fitted(kind, everyone, rng)
    numbers, seen = np.arange(customers), everyone[:customers]
    theirs, ours = [], []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        ids, _ = model.recommend(numbers, seen, N=K, filter_already_liked_items=True)
        middle = time.perf_counter()
        best = top_of_factors(
            model.user_factors[:customers], ItemFactors.of(model.item_factors), K, seen
        )
        theirs.append(middle - start)
        ours.append(time.perf_counter() - middle)
    ratio = statistics.median(a / b for a, b in zip(theirs, ours, strict=True))
    equal = float((np.sort(ids, axis=1) == np.sort(best.items, axis=1)).mean())
    keep(
        __file__,
        "customers_per_second",
        customers / statistics.median(ours),
        on=(
            f"{kind} factors, {ITEMS} items x {FACTORS}, {customers} customers, top-{K}, seen "
            f"removed, {equal:.2%} equal items"
        ),
        against="recommend of implicit",
        reference=customers / statistics.median(theirs),
        ratio=ratio,
    )


def main() -> None:
    """Measure, print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=4_000)
    parser.add_argument("--factors", choices=["trained", "random", "both"], default="both")
    chosen = parser.parse_args()
    for kind in ("trained", "random") if chosen.factors == "both" else (chosen.factors,):
        measure(kind, chosen.customers)


if __name__ == "__main__":
    main()
