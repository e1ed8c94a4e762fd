"""How far estimates of satisfaction are from what customers said, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from features.text.satisfaction.dialogue import FloatArray, Reading
from features.text.satisfaction.model import LOW, SatisfactionModel, folds

RESAMPLES = 300
_TAIL = 2.5  # percent on either side of a 95 % interval
_FOLDS = 5
BoolArray = NDArray[np.bool_]
Fit = Callable[[Reading, FloatArray, Sequence[object]], SatisfactionModel]


@dataclass(frozen=True)
class Figure:
    """One measured number and the ends of its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Held:
    """Estimates of conversations, or turns, that the model had not seen.

    Parameters
    ----------
    estimates : numpy.ndarray
        float32 [n], 1 to 5.
    called_low : numpy.ndarray
        bool [n], by the bound that was chosen without them.
    """

    estimates: FloatArray
    called_low: BoolArray


def held_out(
    reading: Reading,
    ratings: FloatArray,
    groups: Sequence[object],
    fit: Fit,
    *,
    count: int = _FOLDS,
) -> Held:
    """Estimate every row by a model that saw nothing of its group.

    Parameters
    ----------
    reading, ratings, groups
        As for :func:`features.text.satisfaction.model.fit_satisfaction`.
    fit : callable
        Gives a model of these three.
    count : int
        Folds.
    """
    estimates = np.zeros(len(ratings), dtype=np.float32)
    low = np.zeros(len(ratings), dtype=np.bool_)
    for known, unknown in folds(groups, count):
        model = fit(reading.take(known), ratings[known], [groups[row] for row in known])
        estimates[unknown] = model.estimate(reading.take(unknown))
        low[unknown] = estimates[unknown] < model.low_below
    return Held(estimates, low)


def errors(ratings: FloatArray, held: Held, groups: Sequence[object]) -> dict[str, Figure]:
    """Return ``spearman``, ``macro_f1`` and ``low_f1``, resampled by group.

    Rank correlation is that of estimates with ratings (Spearman, 1904), 0 where either is constant.
    Low is a rating below 3; macro-F1 is the mean of its F1 and that of all others.

    Parameters
    ----------
    ratings : numpy.ndarray
        float32 [n], 1 to 5.
    held : Held
        What was said of them.
    groups : sequence
        n names of what is drawn together, such as the conversation of a turn.
    """
    order, starts, sizes = _grouped(groups)
    truth, said, low = ratings[order], held.estimates[order], held.called_low[order]
    generator = np.random.default_rng(0)
    drawn = np.zeros((RESAMPLES, len(_NAMES)))
    for turn in range(RESAMPLES):
        chosen = generator.integers(0, len(starts), len(starts))
        rows = _rows(starts[chosen], sizes[chosen])
        drawn[turn] = _figures(truth[rows], said[rows], low[rows])
    ends = np.percentile(drawn, [_TAIL, 100 - _TAIL], axis=0)
    found = _figures(truth, said, low)
    return {
        name: Figure(found[place], float(ends[0, place]), float(ends[1, place]))
        for place, name in enumerate(_NAMES)
    }


_NAMES = ("spearman", "macro_f1", "low_f1")


def _figures(truth: FloatArray, said: FloatArray, called: BoolArray) -> tuple[float, float, float]:
    low = truth < LOW
    of_low, of_rest = _f1(low, called), _f1(~low, ~called)
    return _spearman(truth, said), (of_low + of_rest) / 2, of_low


def _spearman(truth: FloatArray, said: FloatArray) -> float:
    if np.ptp(truth) == 0 or np.ptp(said) == 0:
        return 0.0
    return float(np.corrcoef(rankdata(truth), rankdata(said))[0, 1])


def _f1(truth: BoolArray, said: BoolArray) -> float:
    both = int(truth.sum()) + int(said.sum())
    return 2 * int((truth & said).sum()) / both if both else 0.0


def _grouped(
    groups: Sequence[object],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return rows in the order of their groups, where each group begins and how large it is."""
    names = np.array([str(group) for group in groups])
    order = np.argsort(names, kind="stable")
    _, starts, sizes = np.unique(names[order], return_index=True, return_counts=True)
    return order, starts, sizes


def _rows(starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the places of drawn groups, one after another."""
    ends = np.cumsum(sizes)
    return np.repeat(starts - (ends - sizes), sizes) + np.arange(ends[-1])
