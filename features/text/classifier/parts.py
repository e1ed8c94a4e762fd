"""What a classifier is fitted of: heads over terms and vectors, and what they say of new texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import scipy.sparse as sp
from sklearn.model_selection import StratifiedKFold

from features.text.classifier.examples import Labeled
from features.text.classifier.fuse import folded, mistaken
from features.text.classifier.heads import (
    FloatArray,
    IntArray,
    Linear,
    fit_leaning_head,
    fit_term_head,
    fit_vector_head,
)
from features.text.classifier.model import TextClassifier, Vectors
from features.text.classifier.terms import Terms, fit_terms
from features.text.embedding.vectors import SideBySide

Tier = Literal["few-shot", "trained", "fused"]
TermHead = Callable[[sp.csr_matrix, IntArray, int], Linear]

_FOLDS = 3
_SURE = 2.0  # standard errors
_LEAN_FROM = 200  # texts of the median class, for terms to be weighed by class


@dataclass(frozen=True)
class Heads:
    """Heads over terms, at most one once it is chosen, and one a block of vectors."""

    terms: Terms | None
    term_heads: tuple[Linear, ...]
    vector_heads: tuple[Linear, ...]

    def classifier(
        self, names: tuple[str, ...], tier: Tier, weights: Sequence[float], vectors: Vectors | None
    ) -> TextClassifier:
        """Return the classifier in which each head counts by its weight."""
        term_head = self.term_heads[0] if self.term_heads else None
        by_terms, rest = (0.0, weights) if term_head is None else (weights[0], weights[1:])
        head, by_vectors = None, 0.0
        if self.vector_heads:
            by_vectors = max(rest)
            head = folded(self.vector_heads, [weight / by_vectors for weight in rest])
        mix = (by_terms, by_vectors)
        return TextClassifier(names, tier, mix, self.terms, term_head, head, vectors=vectors)


class Data:
    """Texts, numbers of labels and blocks of vectors, of which the first ``measured`` count.

    Parameters
    ----------
    both : Labeled
        Examples, then those that every fit sees and no measurement counts.
    blocks : sequence of numpy.ndarray
        Sentence vectors float32 [n, width] by each encoder.
    measured : int
        How many of the texts are measured.
    """

    def __init__(self, both: Labeled, blocks: Sequence[FloatArray], measured: int) -> None:
        self.texts = both.texts
        self.names = both.classes
        self.labels = both.numbers()
        self.blocks = blocks
        self.measured = measured
        self.classes = len(self.names)

    @classmethod
    def of(cls, examples: Labeled, support: Labeled | None, vectors: Vectors | None) -> Data:
        """Read the vectors of examples and of those that only teach."""
        both = examples if support is None else examples + support
        encoders = vectors.encoders if isinstance(vectors, SideBySide) else (vectors,)
        blocks = [encoder(both.texts) for encoder in encoders if encoder is not None]
        return cls(both, blocks, len(examples))

    def kinds(self, tier: Tier, *, balanced: bool) -> tuple[TermHead, ...]:
        """Return the heads over terms that come into question."""
        if tier == "few-shot":
            return ()
        if balanced:
            return (partial(fit_term_head, balanced=True),)
        plain = partial(fit_term_head, balanced=False)
        median = float(np.median(np.bincount(self.labels)))
        return (plain, fit_leaning_head) if median >= _LEAN_FROM else (plain,)

    def heads(self, rows: IntArray, kinds: Sequence[TermHead], *, balanced: bool) -> Heads:
        """Fit on the texts of ``rows``: a head over terms of every kind, and one a block."""
        labels = self.labels[rows]
        terms: Terms | None = None
        term_heads: tuple[Linear, ...] = ()
        if kinds:
            terms, matrix = fit_terms([self.texts[row] for row in rows])
            term_heads = tuple(fit(matrix, labels, self.classes) for fit in kinds)
        vector_heads = tuple(
            fit_vector_head(block[rows], labels, self.classes, balanced=balanced)
            for block in self.blocks
        )
        return Heads(terms, term_heads, vector_heads)

    def scores(self, heads: Heads, rows: IntArray) -> list[FloatArray]:
        """Return the scores [len(rows), L] by each head."""
        found = []
        if heads.terms is not None:
            matrix = heads.terms.matrix([self.texts[row] for row in rows])
            found += [head.scores(matrix) for head in heads.term_heads]
        pairs = zip(heads.vector_heads, self.blocks, strict=True)
        return found + [head.scores(block[rows]) for head, block in pairs]


def chosen(
    seen: FloatArray, labels: IntArray, kinds: tuple[TermHead, ...], *, balanced: bool
) -> tuple[FloatArray, tuple[TermHead, ...]]:
    """Keep one head over terms: the plain one, unless the leaning one surely makes fewer mistakes.

    Surely is by more than two standard errors of the paired difference on held-out texts.
    """
    if len(kinds) < 2:  # noqa: PLR2004
        return seen, kinds
    apart = [np.delete(seen, 1 - place, axis=0) for place in range(len(kinds))]
    plain, leaning = (mistaken(list(each), labels, balanced=balanced) for each in apart)
    gain = plain.astype(float) - leaning
    best = int(gain.mean() > _SURE * gain.std() / len(gain) ** 0.5)
    return apart[best], (kinds[best],)


def held_out_scores(
    data: Data, kinds: Sequence[TermHead], seed: int, *, balanced: bool
) -> FloatArray:
    """Return the scores of every measured text by every head, not seen before: [heads, n, L]."""
    places, parts = [], []
    support = np.arange(data.measured, len(data.texts))
    labels = data.labels[: data.measured]
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    for known, unknown in folds.split(labels, _strata(labels)):
        heads = data.heads(np.concatenate([known, support]), kinds, balanced=balanced)
        places.append(unknown)
        parts.append(np.stack(data.scores(heads, unknown)))
    return np.concatenate(parts, axis=1)[:, np.argsort(np.concatenate(places))]


def _strata(labels: IntArray) -> IntArray:
    """Return labels for stratifying, where a class too rare for the folds joins the largest."""
    counts = np.bincount(labels)
    return np.where(counts[labels] < _FOLDS, counts.argmax(), labels)
