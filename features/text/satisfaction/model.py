"""Learn ratings of 1 to 5 from conversations, and where low satisfaction begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler

from features.text.classifier.terms import Terms, fit_terms
from features.text.satisfaction.dialogue import FACTS, FloatArray, Reading, stacked

IntArray = NDArray[np.int64]
Part = Literal["terms", "vectors"]
LOW = 3.0  # a rating below this is low
LOWEST, HIGHEST = 1.0, 5.0
_STRENGTH = 3.0
_FOLDS = 3
_MOST_TERMS = 20_000
_TOLERANCE = 1e-3


@dataclass(frozen=True)
class SatisfactionModel:
    """A ridge regression (Hoerl and Kennard, 1970) over words, facts and sentence vectors.

    Parameters
    ----------
    said, heard : Terms or None
        Of the customers' words and of the agents'; None where words are not read.
    scaler : StandardScaler
        Of the facts that are read.
    columns : tuple of int
        Numbers of the facts that are read.
    reads_vectors : bool
        Whether sentence vectors are read.
    ridge : Ridge
        From all that to the rating.
    low_below : float
        Estimates below it are called low: the bound with the best F1 on folds held out of the fit.
    """

    said: Terms | None
    heard: Terms | None
    scaler: StandardScaler
    columns: tuple[int, ...]
    reads_vectors: bool
    ridge: Ridge
    low_below: float = LOW

    def estimate(self, reading: Reading) -> FloatArray:
        """Return the estimated ratings, float32 [n], 1 to 5."""
        if not len(reading):
            return np.zeros(0, dtype=np.float32)
        blocks = [self.scaler.transform(reading.facts[:, self.columns]) / len(self.columns) ** 0.5]
        for terms, texts in ((self.said, reading.said), (self.heard, reading.heard)):
            if terms is not None:
                blocks.append(terms.matrix(texts))
        if self.reads_vectors:
            blocks.append(_existing(reading))
        found = self.ridge.predict(stacked(blocks))
        return np.asarray(np.clip(found, LOWEST, HIGHEST), dtype=np.float32)


def fit_satisfaction(
    reading: Reading,
    ratings: FloatArray,
    groups: Sequence[object],
    *,
    parts: Sequence[Part] = ("terms",),
    columns: Sequence[int] = tuple(range(len(FACTS))),
) -> SatisfactionModel:
    """Fit on rated conversations, or rated turns.

    Parameters
    ----------
    reading : Reading
        n of them.
    ratings : numpy.ndarray
        float32 [n], 1 to 5.
    groups : sequence
        n names of who or what must be held out together, such as the conversation of a turn.
    parts : sequence of {"terms", "vectors"}
        What is read beside the facts.
    columns : sequence of int
        Facts that are read, by their number in :data:`FACTS`.

    Raises
    ------
    ValueError
        If the ratings are not 1 to 5, or there are fewer than three groups.
    """
    ratings = np.asarray(ratings, dtype=np.float32)
    if len(ratings) != len(reading) or not ((ratings >= LOWEST) & (ratings <= HIGHEST)).all():
        raise ValueError(
            f"satisfaction: expected {len(reading)} ratings of 1 to 5, got {len(ratings)} from "
            f"{ratings.min(initial=HIGHEST):g} to {ratings.max(initial=LOWEST):g}"
        )
    seen = np.zeros(len(ratings), dtype=np.float32)
    for known, unknown in folds(groups, _FOLDS):
        part = _fit(reading.take(known), ratings[known], parts, columns)
        seen[unknown] = part.estimate(reading.take(unknown))
    found = _fit(reading, ratings, parts, columns)
    return replace(found, low_below=low_bound(seen, ratings < LOW))


def folds(groups: Sequence[object], count: int) -> list[tuple[IntArray, IntArray]]:
    """Return what is learned from and what is held out, groups never parted.

    Raises
    ------
    ValueError
        If there are fewer groups than folds.
    """
    _, numbers = np.unique(np.array([str(group) for group in groups]), return_inverse=True)
    splitter = GroupKFold(count, shuffle=True, random_state=0)
    if len(np.unique(numbers)) < count:
        raise ValueError(
            f"satisfaction: expected {count} conversations or more to hold some out, got "
            f"{len(np.unique(numbers))}"
        )
    return [(known, unknown) for known, unknown in splitter.split(numbers, groups=numbers)]


def low_bound(estimates: FloatArray, low: NDArray[np.bool_]) -> float:
    """Return the bound below which estimates are best called low, by F1; 3 without any low one."""
    if not low.any():
        return LOW
    order = np.argsort(estimates, kind="stable")
    hits = np.cumsum(low[order])
    f1 = 2 * hits / (np.arange(1, len(low) + 1) + low.sum())
    ends = np.append(np.diff(estimates[order]) > 0, True)  # equal ones stay together
    best = int(np.argmax(np.where(ends, f1, -1)))
    if best == len(low) - 1:
        return HIGHEST + 1
    return float((estimates[order[best]] + estimates[order[best + 1]]) / 2)


def _fit(
    reading: Reading, ratings: FloatArray, parts: Sequence[Part], columns: Sequence[int]
) -> SatisfactionModel:
    chosen = tuple(columns)
    facts = reading.facts[:, chosen]
    scaler = StandardScaler().fit(facts)
    blocks = [scaler.transform(facts) / len(chosen) ** 0.5]
    terms: list[Terms | None] = [None, None]
    if "terms" in parts:
        for side, texts in enumerate((reading.said, reading.heard)):
            if any(text.strip() for text in texts):
                terms[side], matrix = fit_terms(texts, most=_MOST_TERMS)
                blocks.append(matrix)
    if "vectors" in parts:
        blocks.append(_existing(reading))
    ridge = Ridge(alpha=_STRENGTH, solver="lsqr", tol=_TOLERANCE)
    ridge.fit(stacked(blocks), ratings)
    return SatisfactionModel(terms[0], terms[1], scaler, chosen, "vectors" in parts, ridge)


def _existing(reading: Reading) -> FloatArray:
    if reading.vectors is None:
        raise ValueError("satisfaction: this model reads sentence vectors, got a reading without")
    return reading.vectors
