"""Fit a text classifier of the tier that the data at hand allows, and measure it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from sklearn.model_selection import StratifiedKFold

from features.text.classifier.examples import Labeled
from features.text.classifier.heads import Linear, fit_term_head, fit_vector_head
from features.text.classifier.model import FloatArray, TextClassifier, Vectors
from features.text.classifier.quality import Quality, quality_of, threshold_of
from features.text.classifier.terms import Terms, fit_terms

__all__ = ["HeldOut", "Quality", "Tier", "fit_classifier", "fit_measured"]

Tier = Literal["few-shot", "trained", "fused"]
IntArray = NDArray[np.int64]

_FOLDS = 3
_FUSE_FROM, _FUSE_MEDIAN = 200, 8  # texts, in all and of the median class, for terms to add
_HEADS: dict[Tier, tuple[int, ...]] = {"few-shot": (1,), "trained": (0,), "fused": (0, 1)}
_MIX_BOUNDS = (-6.0, 6.0)  # of the logarithms of the two weights


@dataclass(frozen=True)
class HeldOut:
    """Class probabilities of texts that the heads had not seen, beside the truth.

    Parameters
    ----------
    probabilities : numpy.ndarray
        float32 [n, L], calibrated.
    labels : numpy.ndarray
        int64 [n], numbers of the true labels.
    """

    probabilities: FloatArray
    labels: IntArray


def fit_classifier(
    examples: Labeled,
    *,
    tier: Literal["auto", "few-shot", "trained", "fused"] = "auto",
    vectors: Vectors | None = None,
    outside: Sequence[str] = (),
    seed: int = 0,
    balanced: bool = False,
) -> TextClassifier:
    """Fit on examples; fuse, calibrate and measure on held-out ones.

    Parameters
    ----------
    examples : Labeled
        What the classifier is for. Each is scored once by heads that did not see it.
    tier : {"auto", "few-shot", "trained", "fused"}
        Few-shot: logistic regression on sentence vectors. Trained: support vector machines on
        TF-IDF terms, which needs no vectors. Fused: both. Auto takes the trained tier without
        vectors, the few-shot tier with fewer than 200 texts, or fewer than eight of the median
        class, else fused.
    vectors : callable, optional
        Gives the sentence vectors float32 [n, width] of n texts; the classifier keeps it.
    outside : sequence of str
        Sentences that belong nowhere, such as :func:`features.text.taxonomy.classify.outside`;
        two of every four decide the threshold, the others measure it.
    seed : int
        Decides the folds.
    balanced : bool
        Whether every class counts the same however many texts it has.

    Returns
    -------
    TextClassifier
        With its :class:`Quality` as ``quality``.

    Raises
    ------
    ValueError
        If there are fewer than two classes, or the tier needs vectors and there are none.

    Examples
    --------
    >>> rows = Labeled(("太慢了", "慢死了", "很好吃", "好吃"), ("bad", "bad", "good", "good"))
    >>> fit_classifier(rows).predict(["真慢"])["label"].to_pylist()
    ['bad']
    """
    chosen = _tier(examples, tier, vectors)
    found, held_out = fit_measured(
        examples, tier=chosen, vectors=vectors, seed=seed, balanced=balanced
    )
    return _measured(found, held_out, outside)


def fit_measured(
    examples: Labeled,
    *,
    tier: Tier,
    vectors: Vectors | None,
    seed: int,
    balanced: bool = False,
    support: Labeled | None = None,
) -> tuple[TextClassifier, HeldOut]:
    """Return a classifier, and what was said of held-out examples, for those who measure more.

    ``support`` are further examples that every fit sees and no measurement counts; the other
    parameters are those of :func:`fit_classifier`.
    """
    data = _Data.of(examples, support, None if tier == "trained" else vectors)
    labels = data.labels[: data.measured]
    scores = _held_out(data, tier, seed, balanced=balanced)
    mix = _mix(scores, labels, _HEADS[tier], balanced=balanced)
    heads = data.heads(np.arange(len(data.texts)), tier, balanced=balanced)
    probabilities = softmax(mix[0] * scores[0] + mix[1] * scores[1], axis=1)
    found = TextClassifier(data.names, tier, mix, *heads, vectors=vectors)
    return found, HeldOut(np.asarray(probabilities, dtype=np.float32), labels)


class _Data:
    """Texts, numbers of labels and vectors, of which the first ``measured`` count."""

    def __init__(self, both: Labeled, matrix: FloatArray | None, measured: int) -> None:
        self.texts = both.texts
        self.names = both.classes
        self.labels = both.numbers()
        self.matrix = matrix
        self.measured = measured
        self.classes = len(self.names)

    @classmethod
    def of(cls, examples: Labeled, support: Labeled | None, vectors: Vectors | None) -> _Data:
        both = examples if support is None else examples + support
        return cls(both, None if vectors is None else vectors(both.texts), len(examples))

    def heads(
        self, rows: IntArray, tier: Tier, *, balanced: bool
    ) -> tuple[Terms | None, Linear | None, Linear | None]:
        labels = self.labels[rows]
        terms = term_head = vector_head = None
        if tier != "few-shot":
            terms, matrix = fit_terms([self.texts[row] for row in rows])
            term_head = fit_term_head(matrix, labels, self.classes, balanced=balanced)
        if self.matrix is not None:
            part = self.matrix[rows]
            vector_head = fit_vector_head(part, labels, self.classes, balanced=balanced)
        return terms, term_head, vector_head


def _tier(examples: Labeled, tier: str, vectors: Vectors | None) -> Tier:
    if len(examples.classes) <= 1:
        raise ValueError(
            f"text classifier: expected examples of two classes or more, got {examples.classes}"
        )
    if vectors is None and tier in ("few-shot", "fused"):
        raise ValueError(f"text classifier: tier {tier!r} reads sentence vectors; pass vectors=")
    if tier == "auto":
        median = float(np.median(list(examples.counts.values())))
        few = len(examples) < _FUSE_FROM or median < _FUSE_MEDIAN
        tier = "trained" if vectors is None else "few-shot" if few else "fused"
    return "few-shot" if tier == "few-shot" else "trained" if tier == "trained" else "fused"


def _held_out(
    data: _Data, tier: Tier, seed: int, *, balanced: bool
) -> tuple[FloatArray, FloatArray]:
    """Return the term scores and the vector scores of every measured text, not seen before."""
    by_terms = np.zeros((data.measured, data.classes), dtype=np.float32)
    by_vectors = by_terms.copy()
    support = np.arange(data.measured, len(data.texts))
    labels = data.labels[: data.measured]
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    for known, unknown in folds.split(labels, _strata(labels)):
        rows = np.concatenate([known, support])
        terms, term_head, vector_head = data.heads(rows, tier, balanced=balanced)
        if terms is not None and term_head is not None:
            by_terms[unknown] = term_head.scores(terms.matrix([data.texts[r] for r in unknown]))
        if vector_head is not None and data.matrix is not None:
            by_vectors[unknown] = vector_head.scores(data.matrix[unknown])
    return by_terms, by_vectors


def _strata(labels: IntArray) -> IntArray:
    """Return labels for stratifying, where a class too rare for the folds joins the largest."""
    counts = np.bincount(labels)
    return np.where(counts[labels] < _FOLDS, counts.argmax(), labels)


def _mix(
    scores: tuple[FloatArray, FloatArray], labels: IntArray, used: Sequence[int], *, balanced: bool
) -> tuple[float, float]:
    """Return the weights of the two heads under which the labels are most probable."""
    counts = np.bincount(labels)
    weight = 1.0 / counts[labels] if balanced else np.full(len(labels), 1.0 / len(labels))
    rows = np.arange(len(labels))

    def loss(logs: NDArray[np.float64]) -> float:
        total = sum(np.exp(log) * scores[place] for log, place in zip(logs, used, strict=True))
        return float(-(weight * log_softmax(total, axis=1)[rows, labels]).sum())

    start = np.zeros(len(used))
    found = minimize(loss, start, method="L-BFGS-B", bounds=[_MIX_BOUNDS] * len(used))
    mix = [0.0, 0.0]
    for log, place in zip(found.x, used, strict=True):
        mix[place] = float(np.exp(log))
    return mix[0], mix[1]


def _measured(found: TextClassifier, held_out: HeldOut, outside: Sequence[str]) -> TextClassifier:
    """Return the classifier with its threshold and its figures."""
    probabilities, labels = held_out.probabilities, held_out.labels
    if not outside:
        return replace(found, quality=quality_of(probabilities, labels))
    far = found.probabilities(outside).max(axis=1)
    first = np.arange(len(far)) // 2 % 2 == 0  # pairs of translations stay together
    right = probabilities.argmax(axis=1) == labels
    threshold = threshold_of(probabilities.max(axis=1), right, far[first])
    quality = quality_of(probabilities, labels, threshold=threshold)
    recall = float((far[~first] < threshold).mean()) if (~first).any() else None
    return replace(found, threshold=threshold, quality=replace(quality, outside_recall=recall))
