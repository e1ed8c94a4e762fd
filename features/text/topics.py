"""What texts are about: latent Dirichlet allocation over the words of both languages.

Blei, Ng and Jordan, "Latent Dirichlet Allocation", JMLR 2003, fitted by ``tomotopy``. Only
fitting is random, and seeded; the topics of a text come from a fixed-point iteration that depends
on nothing but the text and the fitted arrays, so batches and repetition cannot change them.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import scipy.sparse as sp
from numpy.typing import NDArray
from pydantic import NonNegativeInt, PositiveInt, validate_call
from sklearn.feature_extraction.text import CountVectorizer

from features.text.codec import FLOATS, float_column
from features.text.tokenize import VERSION as WORDS_VERSION
from features.text.tokenize import words

CODE_VERSION = f"1.{WORDS_VERSION}"
FloatArray = NDArray[np.float32]

_ROUNDS = 30
_NAMED_BY = 10  # words that a topic is shown with
_COMMON = 0.4  # a word in more than this share of the texts separates nothing
_RARE_SHARE = 0.005  # in small collections, a word must be in this share of the texts


@dataclass(frozen=True)
class TopicModel:
    """Fitted topics, as arrays.

    Parameters
    ----------
    vocabulary : tuple of str
        V words; none where there was too little text to find topics in.
    topic_word : numpy.ndarray
        float32 [K, V], the probability of each word in each topic.
    alpha : numpy.ndarray
        float32 [K], how common each topic is beforehand, in words.
    """

    vocabulary: tuple[str, ...]
    topic_word: FloatArray
    alpha: FloatArray

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
        """Return the most probable words of a topic, most probable first."""
        order = np.argsort(-self.topic_word[topic], kind="stable")[:_NAMED_BY]
        return [self.vocabulary[place] for place in order]


class TopicAnalyzer:
    """The topics of each text.

    Parameters
    ----------
    model : TopicModel
        Fitted topics.
    state : str
        Fingerprint of what they were fitted on.
    """

    name = "topics"
    schema = pa.schema([("topic", pa.int16()), ("topics", FLOATS)])

    def __init__(self, *, model: TopicModel, state: str) -> None:
        self.model = model
        self.version = f"{CODE_VERSION}:{state}"

    def analyze(self, texts: Sequence[str]) -> pa.Table:
        """Return ``topic``, the largest one (-1: none), and ``topics``, the shares of all K."""
        shares = self.model.shares(texts)
        largest = np.where(shares.any(axis=1), shares.argmax(axis=1), -1).astype(np.int16)
        return pa.table({"topic": largest, "topics": float_column(shares)}, schema=self.schema)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the model as arrays without objects."""
        return {
            "vocabulary": np.array(self.model.vocabulary, dtype=np.str_),
            "topic_word": self.model.topic_word,
            "alpha": self.model.alpha,
        }

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]], *, state: str) -> TopicAnalyzer:
        """Return the analyzer that :meth:`arrays` took apart."""
        vocabulary = tuple(arrays["vocabulary"].tolist())
        model = TopicModel(vocabulary, arrays["topic_word"], arrays["alpha"])
        return cls(model=model, state=state)


@validate_call
def fit_topics(
    texts: Sequence[str],
    *,
    topics: PositiveInt,
    iterations: PositiveInt = 200,
    min_texts: PositiveInt = 50,
    min_word_texts: PositiveInt = 5,
    seed: NonNegativeInt = 0,
) -> TopicModel:
    """Fit topics, the largest first.

    Parameters
    ----------
    texts : sequence of str
        Distinct texts; those without at least two known words are left out.
    topics : int
        How many topics, K.
    iterations : int
        Gibbs sampling rounds.
    min_texts : int
        With fewer usable texts no topics are found, and the vocabulary is empty.
    min_word_texts : int
        A word must occur in so many texts; fewer are asked of small collections.
    seed : int
        Fixes the sampling. One worker is used, since only then it is repeatable.
    """
    rare = min(min_word_texts, max(2, round(_RARE_SHARE * len(texts))))
    counts, vocabulary = _vocabulary(texts, rare)
    usable = np.flatnonzero(np.asarray(counts.sum(axis=1)).ravel() > 1)
    if usable.size < min_texts:
        empty = np.zeros((topics, 0), dtype=np.float32)
        return TopicModel((), empty, np.full(topics, 1 / topics, dtype=np.float32))
    return _gibbs([texts[row] for row in usable.tolist()], vocabulary, topics, iterations, seed)


def _vocabulary(texts: Sequence[str], rare: int) -> tuple[sp.csr_matrix, tuple[str, ...]]:
    counts = CountVectorizer(analyzer=words)
    try:
        matrix = counts.fit_transform(texts)
    except ValueError:  # scikit-learn's way to say that there is no word at all
        return sp.csr_matrix((len(texts), 1)), ()
    found = np.asarray((matrix > 0).sum(axis=0)).ravel()
    keep = np.flatnonzero((found >= rare) & (found <= _COMMON * len(texts)))
    names = counts.get_feature_names_out()
    return matrix[:, keep], tuple(names[keep].tolist())


def _gibbs(
    texts: Sequence[str], vocabulary: tuple[str, ...], topics: int, iterations: int, seed: int
) -> TopicModel:
    with warnings.catch_warnings():
        # Its compiled part warns of its own types when loaded, and of workers even if there is 1.
        warnings.simplefilter("ignore")
        import tomotopy  # noqa: PLC0415 (only fitting needs it)

        model = tomotopy.LDAModel(k=topics, seed=seed, alpha=0.1, eta=0.01)
        known = frozenset(vocabulary)
        for text in texts:
            model.add_doc([word for word in words(text) if word in known])
        model.train(iterations, workers=1)
    order = np.argsort(-np.asarray(model.get_count_by_topics()), kind="stable")
    topic_word = np.stack([model.get_topic_word_dist(int(topic)) for topic in order])
    alpha = np.asarray(model.alpha, dtype=np.float32)[order]
    return TopicModel(tuple(model.used_vocabs), topic_word.astype(np.float32), alpha)


def _counter(vocabulary: Sequence[str]) -> CountVectorizer:
    return CountVectorizer(analyzer=words, vocabulary=list(vocabulary))
