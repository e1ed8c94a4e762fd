"""Linear classifiers of two kinds, each no more than weights and an intercept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]

_VECTOR_STRENGTH, _FEW_STRENGTH = 20.0, 1.0  # inverse regularization
_FEW_TEXTS, _FEW_CLASSES = 1000, 10
_TERM_STRENGTH = 5.0
_TWO = 2
_RATIO_TEXTS = 1000  # a class, for the ratios of its terms to be known
_MARGIN_STRENGTH = 0.5
_LEAST_SPREAD = 1e-4  # of a dimension, so that one that never differs does not count


@dataclass(frozen=True)
class Linear:
    """Class scores that are linear in the features.

    Parameters
    ----------
    weights : numpy.ndarray
        float32 [features, classes].
    intercept : numpy.ndarray
        float32 [classes].
    """

    weights: FloatArray
    intercept: FloatArray

    def __post_init__(self) -> None:
        """Check that the arrays belong together."""
        if self.intercept.ndim != 1 or self.intercept.shape != self.weights.shape[1:]:
            raise ValueError(
                f"linear head: expected weights [features, classes] and intercept [classes], got "
                f"{self.weights.shape} and {self.intercept.shape}"
            )

    def scores(self, features: Any) -> FloatArray:
        """Return the scores [n, classes] of features [n, features], dense or sparse."""
        return np.asarray(features @ self.weights + self.intercept, dtype=np.float32)


def fit_term_head(matrix: Any, labels: IntArray, classes: int, *, balanced: bool) -> Linear:
    """Fit a linear classifier on TF-IDF rows.

    One support vector machine a class (Joachims, ECML 1998), quick with many classes. With 1,000
    texts a class, a term counts by how much more, or less, often texts of the class have it than
    others: the root of the absolute log-count ratio of Wang and Manning ("Baselines and Bigrams",
    ACL 2012); with fewer the ratios of rare terms are chance. For balanced classes one logistic
    regression over all of them, which weighs a class that is rare here, and common elsewhere,
    against the others rather than each against the rest.
    """
    if balanced:
        model = LogisticRegression(
            C=_TERM_STRENGTH, class_weight="balanced", max_iter=2000, tol=1e-3
        ).fit(matrix, labels)
        return _linear(model.coef_.T, model.intercept_, model.classes_, classes)
    known = np.unique(labels)
    plain = np.ones(matrix.shape[1], dtype=np.float32)
    weights, intercept = [], []
    for number in known[1:] if len(known) == _TWO else known:  # two classes share one score
        inside = labels == number
        scale = _telling(matrix, inside) if len(labels) >= _RATIO_TEXTS * len(known) else plain
        machine = LinearSVC(C=_MARGIN_STRENGTH, random_state=0)
        machine.fit(matrix @ sp.diags(scale), inside)
        weights.append(machine.coef_[0] * scale)
        intercept.append(machine.intercept_[0])
    return _linear(np.array(weights).T, np.array(intercept), known, classes)


def _telling(matrix: Any, inside: NDArray[np.bool_]) -> FloatArray:
    """Return how much each term tells of the texts inside, float32 [F]."""
    here = matrix[inside].getnnz(axis=0) + 1.0
    there = matrix[~inside].getnnz(axis=0) + 1.0
    ratio = np.log(here / here.sum()) - np.log(there / there.sum())
    return np.asarray(np.sqrt(np.abs(ratio)), dtype=np.float32)


def fit_vector_head(
    vectors: FloatArray, labels: IntArray, classes: int, *, balanced: bool
) -> Linear:
    """Fit a logistic regression on sentence vectors, centered and scaled.

    Sentence vectors of one business fill a narrow cone; around their mean they differ. Each
    dimension is scaled by itself, so that vectors of two encoders side by side weigh the same; of
    fewer than 1,000 texts of ten classes or less all by one number, as spreads are not known well;
    these are held back more, and their classes count the same. Mean and scale are folded into the
    weights, so what is kept reads plain vectors.
    """
    few = len(labels) < _FEW_TEXTS and classes <= _FEW_CLASSES
    center = vectors.mean(axis=0)
    spread = vectors.std(axis=0) + _LEAST_SPREAD
    if few:
        spread = np.full_like(spread, np.sqrt((spread**2).mean()))
    scale = spread * np.sqrt(vectors.shape[1])
    model = LogisticRegression(
        C=_FEW_STRENGTH if few else _VECTOR_STRENGTH,
        class_weight="balanced" if balanced or few else None,
        max_iter=2000,
        tol=1e-3,
    ).fit((vectors - center) / scale, labels)
    plain = _linear(model.coef_.T, model.intercept_, model.classes_, classes)
    weights = (plain.weights / scale[:, None]).astype(np.float32)
    return Linear(weights, (plain.intercept - center @ weights).astype(np.float32))


def _linear(weights: Any, intercept: Any, known: IntArray, classes: int) -> Linear:
    """Return scores with a column for every class, ``known`` or not."""
    if weights.shape[1] == 1:  # two classes share one score
        weights, intercept = np.hstack([-weights, weights]) / 2, np.array([-1, 1]) * intercept / 2
    full = np.zeros((weights.shape[0], classes), dtype=np.float32)
    full[:, known] = weights
    base = np.full(classes, float(intercept.min()) - 1.0, dtype=np.float32)
    base[known] = intercept
    return Linear(full, base)
