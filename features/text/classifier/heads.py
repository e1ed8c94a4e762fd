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
_MARGIN_STRENGTH = 0.5
_SMOOTH = 1.0  # texts added to the count of every term
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


def fit_term_head(
    matrix: sp.csr_matrix, labels: IntArray, classes: int, *, balanced: bool
) -> Linear:
    """Fit a linear classifier on TF-IDF rows.

    One support vector machine a class (Joachims, ECML 1998), quick with many classes; for balanced
    classes one logistic regression over all of them, which weighs a class that is rare here, and
    common elsewhere, against the others rather than each against the rest.
    """
    model: LinearSVC | LogisticRegression = LinearSVC(C=_MARGIN_STRENGTH, random_state=0)
    if balanced:
        model = LogisticRegression(
            C=_TERM_STRENGTH, class_weight="balanced", max_iter=2000, tol=1e-3
        )
    return _linear(model.fit(matrix, labels), classes)


def fit_leaning_head(matrix: sp.csr_matrix, labels: IntArray, classes: int) -> Linear:
    """Fit a support vector machine a class on terms weighed by how they lean to it.

    The weight is the root of naive Bayes' log-count ratio (Wang and Manning, "Baselines and
    Bigrams", ACL 2012; without the root, frequent terms of few texts count too much). Better than
    :func:`fit_term_head` on long reviews and worse on short ones: held-out texts choose. Weights
    are folded into the head, so that what is kept reads plain TF-IDF.
    """
    full = np.zeros((matrix.shape[1], classes), dtype=np.float32)
    base = np.zeros(classes, dtype=np.float32)
    known = np.unique(labels)
    for label in known:
        lean = _lean(matrix, labels == label)
        weighed = matrix.copy()
        weighed.data *= lean[weighed.indices]
        model = LinearSVC(C=_MARGIN_STRENGTH, random_state=0).fit(weighed, labels == label)
        full[:, label], base[label] = lean * model.coef_[0], model.intercept_[0]
    base[np.setdiff1d(np.arange(classes), known)] = base[known].min() - 1.0
    return Linear(full, base)


def _lean(matrix: sp.csr_matrix, inside: NDArray[np.bool_]) -> FloatArray:
    """Return by term the signed root of the log ratio of its text counts inside and outside."""
    counts = [np.bincount(matrix[rows].indices, minlength=matrix.shape[1]) + _SMOOTH
              for rows in (inside, ~inside)]  # fmt: skip
    ratio = np.log(counts[0] / counts[0].sum()) - np.log(counts[1] / counts[1].sum())
    return np.asarray(np.sign(ratio) * np.sqrt(np.abs(ratio)), dtype=np.float32)


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
    plain = _linear(model, classes)
    weights = (plain.weights / scale[:, None]).astype(np.float32)
    return Linear(weights, (plain.intercept - center @ weights).astype(np.float32))


def _linear(model: LogisticRegression | LinearSVC, classes: int) -> Linear:
    """Return the model's scores with a column for every class, seen or not."""
    weights, intercept = model.coef_.T, np.atleast_1d(model.intercept_)
    if weights.shape[1] == 1:  # two classes share one score
        weights, intercept = np.hstack([-weights, weights]) / 2, np.array([-1, 1]) * intercept / 2
    full = np.zeros((weights.shape[0], classes), dtype=np.float32)
    full[:, model.classes_] = weights
    base = np.full(classes, float(intercept.min()) - 1.0, dtype=np.float32)
    base[model.classes_] = intercept
    return Linear(full, base)
