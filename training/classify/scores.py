"""What a classifier's answers are worth: macro-F1 with its interval, calibration, confusions.

Labels count the same however rare: a shop that never recognizes complaints is not helped by being
right about greetings. Where answers are taken as served, ``unknown`` for a text that has a label is
wrong, and so is a label for a text that people said has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.metrics import Interval

BINS = 10
_CHUNK = 100  # resamples worked on at a time
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Counts:
    """Which texts count how for which label: boolean [n, labels] each, as numbers."""

    true: Floats
    hit: Floats
    given: Floats

    @classmethod
    def of(cls, truth: Sequence[str], answers: Sequence[str], labels: Sequence[str]) -> Counts:
        """Count answers beside the truth."""
        names = np.array(labels)
        true = np.array(truth)[:, None] == names
        given = np.array(answers)[:, None] == names
        return cls(true.astype(float), (true & given).astype(float), given.astype(float))

    def macro_f1(self, weights: Floats) -> Floats:
        """Return the macro-F1 of each weighting [resamples, n] of the texts, [resamples].

        The mean over labels that have weight; F1 = 2 hits / (true + given).
        """
        true, hit, given = weights @ self.true, weights @ self.hit, weights @ self.given
        f1 = 2 * hit / np.maximum(true + given, 1e-12)
        there = true > 0
        found: Floats = (f1 * there).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
        return found


def macro_f1(
    truth: Sequence[str], answers: Sequence[str], *, resamples: int = 2000, seed: int = 0
) -> Interval:
    """Return the macro-F1 over the labels of ``truth`` with its 95 % bootstrap interval."""
    counts = Counts.of(truth, answers, sorted(set(truth)))
    value = float(counts.macro_f1(np.ones((1, len(truth))))[0])
    drawn = [counts.macro_f1(weights) for weights in _weights(len(truth), resamples, seed)]
    low, high = np.quantile(np.concatenate(drawn), [0.025, 0.975])
    return Interval(value, float(low), float(high), len(truth))


def macro_f1_difference(
    truth: Sequence[str],
    first: Sequence[str],
    second: Sequence[str],
    *,
    resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """Return macro-F1 of ``first`` minus that of ``second`` with its 95 % interval.

    Both are counted on the same resamples of the texts (a paired bootstrap), so that what texts
    differ in cancels out: an interval above 0 says that the first is better.

    Source: Berg-Kirkpatrick, Burkett and Klein, "An Empirical Investigation of Statistical
    Significance in NLP", EMNLP 2012.
    """
    labels = sorted(set(truth))
    one, two = (Counts.of(truth, answers, labels) for answers in (first, second))
    whole = np.ones((1, len(truth)))
    value = float((one.macro_f1(whole) - two.macro_f1(whole))[0])
    drawn = [one.macro_f1(w) - two.macro_f1(w) for w in _weights(len(truth), resamples, seed)]
    low, high = np.quantile(np.concatenate(drawn), [0.025, 0.975])
    return Interval(value, float(low), float(high), len(truth))


def reliability(confidence: Floats, right: NDArray[np.bool_]) -> list[tuple[float, float, int]]:
    """Return mean confidence, share right and number of texts of ten bins, empty ones left out."""
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return [
        (float(confidence[there].mean()), float(right[there].mean()), int(there.sum()))
        for there in (bins == each for each in range(BINS))
        if there.any()
    ]


def calibration_error(confidence: Floats, right: NDArray[np.bool_]) -> float:
    """Return the expected calibration error over ten bins (Guo et al., ICML 2017)."""
    total = max(len(confidence), 1)
    return sum(
        count / total * abs(sure - share) for sure, share, count in reliability(confidence, right)
    )


def by_label(truth: Sequence[str], answers: Sequence[str]) -> list[dict[str, float | int | str]]:
    """Return precision, recall, F1 and number of texts of every label of the truth."""
    labels = sorted(set(truth))
    counts = Counts.of(truth, answers, labels)
    true, hit, given = (part.sum(axis=0) for part in (counts.true, counts.hit, counts.given))
    return [
        {
            "label": label,
            "texts": int(true[n]),
            "precision": float(hit[n] / max(given[n], 1)),
            "recall": float(hit[n] / true[n]),
            "f1": float(2 * hit[n] / (true[n] + given[n])),
        }
        for n, label in enumerate(labels)
    ]


def confusion(
    truth: Sequence[str], answers: Sequence[str]
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Return the labels, and how often each (row) was answered by each (column)."""
    labels = tuple(sorted({*truth, *answers}))
    places = {label: number for number, label in enumerate(labels)}
    table = np.zeros((len(labels), len(labels)), dtype=np.int64)
    np.add.at(table, ([places[t] for t in truth], [places[a] for a in answers]), 1)
    return labels, table


def _weights(n: int, resamples: int, seed: int) -> Iterator[Floats]:
    """Yield how often each of n texts is in each resample, a chunk of resamples at a time."""
    rng = np.random.default_rng(seed)
    for start in range(0, resamples, _CHUNK):
        size = min(_CHUNK, resamples - start)
        drawn = rng.integers(0, n, size=(size, n)) + np.arange(size)[:, None] * n
        found = np.bincount(drawn.ravel(), minlength=size * n)
        yield found.reshape(size, n).astype(np.float64)
