"""Fitted topics as arrays, and the shares of them that a text holds.

Blei, Ng and Jordan, "Latent Dirichlet Allocation", JMLR 2003. The topics of a text come from a
fixed-point iteration that depends on nothing but the text and the fitted arrays, so batches and
repetition cannot change them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer

from features.text.tokenize import VERSION as WORDS_VERSION
from features.text.tokenize import words
from features.text.topics.quality import TopicQuality

CODE_VERSION = f"2.{WORDS_VERSION}"
FloatArray = NDArray[np.float32]

NAMED_BY = 10  # words that a topic is shown with
_ROUNDS = 30
_RELEVANCE = 0.6  # lambda of Sievert and Shirley; .6 was what people understood best


class Topics(Protocol):
    """Topics of any kind: how many there are, what they are called, how much of each a text has."""

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """Words that topics are named by; none where no topics were found."""
        ...

    @property
    def alpha(self) -> FloatArray:
        """How common each topic is beforehand, float32 [K]."""
        ...

    @property
    def topic_word(self) -> FloatArray:
        """Weight of each word in each topic, float32 [K, V]."""
        ...

    @property
    def quality(self) -> TopicQuality | None:
        """How good each topic is; None where it was not measured."""
        ...

    def shares(self, texts: Sequence[str]) -> FloatArray:
        """Return [n, K]: the share of each topic in each text."""
        ...

    def top_words(self, topic: int) -> list[str]:
        """Return the words that name a topic, the most telling first."""
        ...


@dataclass(frozen=True)
class TopicModel:
    """Topics as distributions over words.

    Parameters
    ----------
    vocabulary : tuple of str
        V words; none where there was too little text to find topics in.
    topic_word : numpy.ndarray
        float32 [K, V], the probability of each word in each topic.
    alpha : numpy.ndarray
        float32 [K], how common each topic is beforehand, in words.
    quality : TopicQuality, optional
        How good each topic is, where it was measured.
    """

    vocabulary: tuple[str, ...]
    topic_word: FloatArray
    alpha: FloatArray
    quality: TopicQuality | None = None

    def __post_init__(self) -> None:
        """Check that the arrays fit together."""
        expected = (len(self.alpha), len(self.vocabulary))
        if self.topic_word.shape != expected:
            raise ValueError(
                f"topic model: expected topic_word of shape {expected} (topics, words), "
                f"got {self.topic_word.shape}"
            )

    def shares(self, texts: Sequence[str]) -> FloatArray:
        """Return [n, K]: the share of each topic in each text; zeros where no word is known."""
        if not self.vocabulary:
            return np.zeros((len(texts), len(self.alpha)), dtype=np.float32)
        counts = _counter(self.vocabulary).transform(texts).tocsr().astype(np.float64)
        rows = np.repeat(np.arange(len(texts)), np.diff(counts.indptr))
        by_word = self.topic_word.T.astype(np.float64)
        shares = np.tile(self.alpha / self.alpha.sum(), (len(texts), 1)).astype(np.float64)
        for _ in range(_ROUNDS):
            expected = np.einsum("ij,ij->i", shares[rows], by_word[counts.indices])
            ratio = sp.csr_matrix(
                (counts.data / expected, counts.indices, counts.indptr), counts.shape
            )
            shares = shares * (ratio @ by_word) + self.alpha
            shares /= shares.sum(axis=1, keepdims=True)
        known = np.diff(counts.indptr) > 0
        return np.where(known[:, None], shares, 0.0).astype(np.float32)

    def top_words(self, topic: int) -> list[str]:
        """Return the words that name a topic, the most relevant first.

        Relevance weighs how probable a word is in the topic against how much more probable it is
        there than in all topics together, which it must be: Sievert and Shirley, "LDAvis: A method
        for visualizing and interpreting topics", ILLVI workshop 2014.
        """
        here = self.topic_word[topic].astype(np.float64)
        common = (self.alpha / self.alpha.sum()) @ self.topic_word.astype(np.float64)
        relevance = np.log(here) - (1 - _RELEVANCE) * np.log(common)
        order = np.argsort(np.where(here > common, -relevance, np.inf), kind="stable")[:NAMED_BY]
        return [self.vocabulary[place] for place in order if here[place] > common[place]]


def _counter(vocabulary: Sequence[str]) -> CountVectorizer:
    return CountVectorizer(analyzer=words, vocabulary=list(vocabulary))
