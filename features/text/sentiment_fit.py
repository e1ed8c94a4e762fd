"""Fit a sentiment classifier and measure it on texts it has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import StratifiedKFold

from features.text.sentiment_data import LABELS, grams
from features.text.sentiment_model import (
    FloatArray,
    SentimentModel,
    Tier,
    term_matrix,
    trust_features,
)

IntArray = NDArray[np.int64]

_FOLDS = 3
_TERMS = 40_000
_STRENGTH = {"trained": 5.0, "few-shot": 1.0}  # inverse regularization; flat around these values
_TRUST_STRENGTH = 1.0
_BINS = 10


@dataclass(frozen=True)
class Quality:
    """How good a classifier is on held-out texts (cross-validated, three folds).

    ``calibration_error`` is the mean gap between stated confidence and share of right labels, over
    ten bins of confidence weighted by their size.
    """

    texts: int
    accuracy: float
    macro_f1: float
    calibration_error: float

    def as_dict(self) -> dict[str, Any]:
        """Return the figures rounded to four digits."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


@dataclass(frozen=True)
class Examples:
    """Labeled texts with their vectors.

    Parameters
    ----------
    texts : tuple of str
        n texts.
    labels : numpy.ndarray
        int [n]: 0 negative, 1 neutral, 2 positive.
    vectors : numpy.ndarray
        float32 [n, 512].
    """

    texts: tuple[str, ...]
    labels: IntArray
    vectors: FloatArray

    def take(self, rows: IntArray) -> Examples:
        """Return the examples in these rows."""
        texts = tuple(self.texts[row] for row in rows)
        return Examples(texts, self.labels[rows], self.vectors[rows])

    def __add__(self, other: Examples) -> Examples:
        return Examples(
            self.texts + other.texts,
            np.concatenate([self.labels, other.labels]),
            np.concatenate([self.vectors, other.vectors]),
        )


def fit_model(
    tier: Tier, examples: Examples, support: Examples | None, seed: int
) -> tuple[SentimentModel, Quality]:
    """Fit on the examples and the support; measure and calibrate on held-out examples.

    Parameters
    ----------
    tier : {"trained", "few-shot"}
        The few-shot tier reads vectors only; the trained tier reads terms too.
    examples : Examples
        What the model is for. Each is scored once by a model that did not see it.
    support : Examples or None
        Further examples that every fit sees and no measurement counts.
    seed : int
        Decides the folds.
    """
    held_out = np.zeros((len(examples.texts), len(LABELS)), dtype=np.float32)
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    for known, unknown in folds.split(examples.vectors, _strata(examples.labels)):
        part = examples.take(known)
        model = _regression(tier, part + support if support else part)
        rest = examples.take(unknown)
        matrix = term_matrix(rest.texts, rest.vectors, model.vocabulary, model.idf)
        held_out[unknown] = matrix @ model.weights + model.intercept
    temperature, trust = _calibrate(held_out, examples.labels)
    final = _regression(tier, examples + support if support else examples)
    calibrated = SentimentModel(
        **{**final.__dict__, "temperature": temperature, "trust": trust},
    )
    return calibrated, _quality(calibrated, held_out, examples.labels)


def _regression(tier: Tier, examples: Examples) -> SentimentModel:
    vocabulary: tuple[str, ...] = ()
    idf = np.zeros(0, dtype=np.float32)
    if tier == "trained":
        vectorizer = TfidfVectorizer(
            analyzer=grams, min_df=2, max_features=_TERMS, dtype=np.float32
        ).fit(examples.texts)
        vocabulary = tuple(vectorizer.get_feature_names_out().tolist())
        idf = vectorizer.idf_.astype(np.float32)
    matrix = term_matrix(examples.texts, examples.vectors, vocabulary, idf)
    model = LogisticRegression(
        C=_STRENGTH[tier], class_weight="balanced", max_iter=2000, tol=1e-3
    ).fit(matrix, examples.labels)
    weights = np.ascontiguousarray(model.coef_.T, dtype=np.float32)
    intercept = model.intercept_.astype(np.float32)
    trust = np.array([1, 0, 0, 0], dtype=np.float32)
    return SentimentModel(tier, vocabulary, idf, weights, intercept, 1.0, trust)


def _strata(labels: IntArray) -> IntArray:
    """Return labels for stratifying, where a class too rare for the folds joins the largest."""
    counts = np.bincount(labels, minlength=len(LABELS))
    return np.where(counts[labels] < _FOLDS, counts.argmax(), labels)


def _calibrate(scores: FloatArray, labels: IntArray) -> tuple[float, FloatArray]:
    """Return the temperature of the scores and the trust curve of the labels they choose."""
    counts = np.bincount(labels, minlength=len(LABELS))
    weight = 1.0 / counts[labels]
    rows = np.arange(len(labels))

    def loss(temperature: float) -> float:
        chosen = log_softmax(scores / temperature, axis=1)[rows, labels]
        return float(-(weight * chosen).sum())

    temperature = float(minimize_scalar(loss, bounds=(0.1, 10), method="bounded").x)
    probabilities = softmax(scores / temperature, axis=1)
    right = probabilities.argmax(axis=1) == labels
    if right.all() or not right.any():
        return temperature, np.array([1, 0, 0, 0], dtype=np.float32)
    curve = LogisticRegression(C=_TRUST_STRENGTH, fit_intercept=False)
    curve.fit(trust_features(probabilities), right)
    return temperature, curve.coef_[0].astype(np.float32)


def _quality(model: SentimentModel, scores: FloatArray, labels: IntArray) -> Quality:
    probabilities = softmax(scores / model.temperature, axis=1)
    chosen = probabilities.argmax(axis=1)
    return Quality(
        texts=len(labels),
        accuracy=float(accuracy_score(labels, chosen)),
        macro_f1=float(f1_score(labels, chosen, average="macro", labels=np.unique(labels))),
        calibration_error=_calibration_error(model.confidence(probabilities), chosen == labels),
    )


def _calibration_error(confidence: FloatArray, right: Sequence[bool] | NDArray[np.bool_]) -> float:
    bins = np.minimum((confidence * _BINS).astype(np.int64), _BINS - 1)
    gaps = np.bincount(bins, weights=confidence - np.asarray(right, dtype=np.float64))
    return float(np.abs(gaps).sum() / max(1, len(confidence)))
