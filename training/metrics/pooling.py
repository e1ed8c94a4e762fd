"""Several evaluations of one model as one: over cutoffs, and over seeds.

Over cutoffs, each customer counts once a cutoff, and the bootstrap draws a customer with all of
their cutoffs. Over seeds, the values of each customer are averaged; how far the fits lie apart is
told beside the mean, since it is no error of the sample of customers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from training.metrics.bootstrap import RESAMPLES, Interval, bootstrap_intervals
from training.metrics.errors import SUMS
from training.metrics.evaluation import Evaluation

DESCRIBED = ("stratum", "history", "relevant", "answered", *SUMS)  # by customer, and no metrics


def pooled(
    evaluations: Sequence[Evaluation], *, seed: int = 0, resamples: int = RESAMPLES
) -> Evaluation:
    """Return the mean over customers and cutoffs; ``evaluations`` has one a cutoff.

    Metrics of the whole, such as coverage, are averaged over cutoffs and have no interval. The
    catalog is that of the first.
    """
    if len(evaluations) == 1:
        return evaluations[0]
    first = evaluations[0]
    frames = {found.split: found.customers for found in evaluations}
    customers = pd.concat(frames, names=["split"]).swaplevel()
    digest = hashlib.sha256("\n".join(found.split_hash for found in evaluations).encode())
    counts = {n: sum(found.counts.get(n, 0) for found in evaluations) for n in first.counts}
    return replace(
        first,
        customers=customers,
        summary=_summary(evaluations, customers, seed, resamples),
        strata=_strata(customers, seed, resamples),
        split=f"{first.split} × {len(evaluations)}",
        split_hash=digest.hexdigest(),
        counts=counts | {"catalog": first.counts.get("catalog", 0)},
        seconds=sum(found.seconds for found in evaluations),
        promised=pd.concat([found.promised for found in evaluations], ignore_index=True),
    )


def averaged(
    evaluations: Sequence[Evaluation], *, seed: int = 0, resamples: int = RESAMPLES
) -> Evaluation:
    """Return the mean over seeds; ``evaluations`` has one a seed, of the same split and task."""
    if len(evaluations) == 1:
        return evaluations[0]
    first, n = evaluations[0], len(evaluations)
    described = [name for name in DESCRIBED if name in first.customers and name not in SUMS]
    measured = first.customers.columns.drop(described)
    tables = [found.customers[measured].to_numpy(dtype=np.float64) for found in evaluations]
    mean = pd.DataFrame(np.mean(tables, axis=0), index=first.customers.index, columns=measured)
    customers = first.customers[described].join(mean)
    spread = {
        name: float(np.std([found.summary[name].value for found in evaluations], ddof=1))
        for name in first.summary
    }
    return replace(
        first,
        customers=customers,
        summary=_summary(evaluations, customers, seed, resamples),
        strata=_strata(customers, seed, resamples),
        seconds=float(np.mean([found.seconds for found in evaluations])),
        spread=spread,
        seeds=n,
        promised=pd.concat([found.promised for found in evaluations], ignore_index=True),
    )


def _summary(
    evaluations: Sequence[Evaluation], customers: pd.DataFrame, seed: int, resamples: int
) -> dict[str, Interval]:
    """Return metrics by customer with intervals, the others as means of the evaluations."""
    measured = customers.drop(columns=[name for name in DESCRIBED if name in customers])
    known = bootstrap_intervals(measured, seed=seed, resamples=resamples)
    nan = float("nan")
    return {
        name: known[name]
        if name in known
        else Interval(float(np.mean([e.summary[name].value for e in evaluations])), nan, nan, one.n)
        for name, one in evaluations[0].summary.items()
    }


def _strata(customers: pd.DataFrame, seed: int, resamples: int) -> dict[str, dict[str, Interval]]:
    """Return the intervals by stratum; a customer may be warm at one cutoff, hot at the next."""
    measured = customers.drop(columns=[name for name in DESCRIBED if name in customers])
    groups = measured.groupby(customers["stratum"])
    return {
        str(name): bootstrap_intervals(group, seed=seed, resamples=resamples)
        for name, group in groups
    }
