"""From answers to rows of the benchmark, with intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from training.textbench.row import Row

RESAMPLES = 1000
_TAIL = 2.5  # percent on either side of a 95 % interval


def accuracy_rows(
    true: Sequence[str],
    said: Sequence[str],
    *,
    dataset: str,
    protocol: str,
    model: str,
    seconds: float | None = None,
    references: Mapping[str, float] | None = None,
) -> Iterator[Row]:
    """Yield accuracy and macro-F1 of what was said of test texts, with bootstrap intervals.

    Parameters
    ----------
    true, said : sequence of str
        n labels each.
    dataset, protocol, model
        Names for the rows.
    seconds : float, optional
        Time for fitting and answering.
    references : mapping of str to float, optional
        By ``accuracy`` and ``macro_f1``.
    """
    classes, numbers = np.unique([*true, *said], return_inverse=True)
    first, second = numbers[: len(true)], numbers[len(true) :]
    right = (first == second).astype(np.float64)
    counted = np.unique(first)
    values = {
        "accuracy": float(right.mean()),
        "macro_f1": float(f1_score(first, second, average="macro", labels=counted)),
    }
    drawn = _resampled(first, second, len(classes), counted)
    for number, (metric, value) in enumerate(values.items()):
        low, high = np.percentile(drawn[:, number], [_TAIL, 100 - _TAIL])
        reference = (references or {}).get(metric)
        yield Row(
            dataset=dataset,
            protocol=protocol,
            model=model,
            metric=metric,
            value=value,
            low=float(low),
            high=float(high),
            n=len(true),
            seconds=None if seconds is None else round(seconds, 2),
            reference=reference,
            ratio=None if reference is None else value / reference,
        )


def share_interval(hits: NDArray[np.bool_], *, seed: int = 0) -> tuple[float, float]:
    """Return the ends of the 95 % bootstrap interval of a share."""
    drawn = np.random.default_rng(seed).binomial(len(hits), hits.mean(), RESAMPLES) / len(hits)
    low, high = np.percentile(drawn, [_TAIL, 100 - _TAIL])
    return float(low), float(high)


def _resampled(
    true: NDArray[np.int64], said: NDArray[np.int64], classes: int, counted: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return accuracy and macro-F1 of resampled test texts, [resamples, 2]."""
    generator = np.random.default_rng(0)
    cells = true * classes + said
    found = np.zeros((RESAMPLES, 2))
    for turn in range(RESAMPLES):
        drawn = cells[generator.integers(0, len(cells), len(cells))]
        table = np.bincount(drawn, minlength=classes * classes).reshape(classes, classes)
        hits, both = np.diag(table), table.sum(axis=0) + table.sum(axis=1)
        f1 = np.divide(2 * hits, both, out=np.zeros(classes), where=both > 0)
        found[turn] = hits.sum() / len(cells), f1[counted].mean()
    return found
