"""Fit a text classifier of the tier that the data at hand allows, and measure it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.model_selection import StratifiedKFold

from features.text.classifier.examples import Labeled
from features.text.classifier.fuse import folded, fused_weights, summed
from features.text.classifier.heads import (
    Linear,
    fit_leaning_head,
    fit_term_head,
    fit_vector_head,
)
from features.text.classifier.model import FloatArray, TextClassifier, Vectors
from features.text.classifier.quality import Quality, refusing
from features.text.classifier.terms import Terms, fit_terms
from features.text.embedding.vectors import SideBySide

__all__ = ["HeldOut", "Quality", "Tier", "fit_classifier", "fit_measured"]

Tier = Literal["few-shot", "trained", "fused"]
IntArray = NDArray[np.int64]

_FOLDS = 3
_LEAN_FROM = 200  # texts of the median class, for terms to be weighed by class
_FUSE_FROM, _FUSE_MEDIAN = 200, 8  # texts, in all and of the median class, for terms to add


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
    support: Labeled | None = None,
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
        Gives the sentence vectors float32 [n, width] of n texts; the classifier keeps it. Each
        encoder of a :class:`SideBySide` has a head of its own, and held-out texts tell how much
        that one counts.
    outside : sequence of str
        Sentences that belong nowhere, such as :func:`features.text.taxonomy.classify.outside`;
        two of every four decide the threshold, the others measure it.
    seed : int
        Decides the folds.
    balanced : bool
        Whether every class counts the same however many texts it has.
    support : Labeled, optional
        Further examples that every fit sees and no measurement counts.

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
        examples, tier=chosen, vectors=vectors, seed=seed, balanced=balanced, support=support
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
    seen = _held_out(data, tier, seed, balanced=balanced)
    weights = fused_weights(list(seen), labels, balanced=balanced)
    heads = data.heads(np.arange(len(data.texts)), tier, balanced=balanced)
    found = heads.classifier(data.names, tier, weights, vectors)
    total = sum(weight * scores for weight, scores in zip(weights, seen, strict=True))
    probabilities = softmax(total, axis=1)
    return found, HeldOut(np.asarray(probabilities, dtype=np.float32), labels)


@dataclass(frozen=True)
class _Heads:
    """Heads over terms, none or some, and one a block of vectors."""

    terms: Terms | None
    term_heads: tuple[Linear, ...]
    vector_heads: tuple[Linear, ...]

    def classifier(
        self, names: tuple[str, ...], tier: Tier, weights: Sequence[float], vectors: Vectors | None
    ) -> TextClassifier:
        count = len(self.term_heads)
        by_terms, rest = sum(weights[:count]), weights[count:]
        term_head = None
        if by_terms:
            pairs = zip(self.term_heads, weights[:count], strict=True)
            term_head = summed([(head, weight / by_terms) for head, weight in pairs])
        head, by_vectors = None, 0.0
        if self.vector_heads:
            by_vectors = max(rest)
            head = folded(self.vector_heads, [weight / by_vectors for weight in rest])
        mix = (by_terms, by_vectors)
        return TextClassifier(names, tier, mix, self.terms, term_head, head, vectors=vectors)


class _Data:
    """Texts, numbers of labels and blocks of vectors, of which the first ``measured`` count."""

    def __init__(self, both: Labeled, blocks: Sequence[FloatArray], measured: int) -> None:
        self.texts = both.texts
        self.names = both.classes
        self.labels = both.numbers()
        self.blocks = blocks
        self.measured = measured
        self.classes = len(self.names)

    @classmethod
    def of(cls, examples: Labeled, support: Labeled | None, vectors: Vectors | None) -> _Data:
        both = examples if support is None else examples + support
        encoders = vectors.encoders if isinstance(vectors, SideBySide) else (vectors,)
        blocks = [encoder(both.texts) for encoder in encoders if encoder is not None]
        return cls(both, blocks, len(examples))

    def heads(self, rows: IntArray, tier: Tier, *, balanced: bool) -> _Heads:
        labels = self.labels[rows]
        terms: Terms | None = None
        term_heads: tuple[Linear, ...] = ()
        if tier != "few-shot":
            terms, matrix = fit_terms([self.texts[row] for row in rows])
            term_heads = self._term_heads(matrix, labels, balanced=balanced)
        vector_heads = tuple(
            fit_vector_head(block[rows], labels, self.classes, balanced=balanced)
            for block in self.blocks
        )
        return _Heads(terms, term_heads, vector_heads)

    def _term_heads(
        self, matrix: sp.csr_matrix, labels: IntArray, *, balanced: bool
    ) -> tuple[Linear, ...]:
        """Return a head over terms and, where every fit knows enough of a class, a leaning one."""
        plain = fit_term_head(matrix, labels, self.classes, balanced=balanced)
        if balanced or not self._leans:
            return (plain,)
        return plain, fit_leaning_head(matrix, labels, self.classes)

    @property
    def _leans(self) -> bool:
        return float(np.median(np.bincount(self.labels))) >= _LEAN_FROM

    def scores(self, heads: _Heads, rows: IntArray) -> list[FloatArray]:
        found = []
        if heads.terms is not None:
            matrix = heads.terms.matrix([self.texts[row] for row in rows])
            found += [head.scores(matrix) for head in heads.term_heads]
        pairs = zip(heads.vector_heads, self.blocks, strict=True)
        return found + [head.scores(block[rows]) for head, block in pairs]


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


def _held_out(data: _Data, tier: Tier, seed: int, *, balanced: bool) -> FloatArray:
    """Return the scores of every measured text by every head, not seen before: [heads, n, L]."""
    places, parts = [], []
    support = np.arange(data.measured, len(data.texts))
    labels = data.labels[: data.measured]
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    for known, unknown in folds.split(labels, _strata(labels)):
        heads = data.heads(np.concatenate([known, support]), tier, balanced=balanced)
        places.append(unknown)
        parts.append(np.stack(data.scores(heads, unknown)))
    return np.concatenate(parts, axis=1)[:, np.argsort(np.concatenate(places))]


def _strata(labels: IntArray) -> IntArray:
    """Return labels for stratifying, where a class too rare for the folds joins the largest."""
    counts = np.bincount(labels)
    return np.where(counts[labels] < _FOLDS, counts.argmax(), labels)


def _measured(found: TextClassifier, held_out: HeldOut, outside: Sequence[str]) -> TextClassifier:
    """Return the classifier with its threshold and its figures."""
    far = found.probabilities(outside).max(axis=1, initial=0)
    threshold, quality = refusing(held_out.probabilities, held_out.labels, far)
    return replace(found, threshold=threshold, quality=quality)
