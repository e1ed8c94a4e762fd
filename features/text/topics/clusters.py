"""Find topics by meaning: clusters of sentence vectors, named by class-based TF-IDF.

Grootendorst, "BERTopic: Neural topic modeling with a class-based TF-IDF procedure", 2022. Texts of
both languages that mean the same fall into one cluster, which word statistics cannot do.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from pydantic import NonNegativeInt, PositiveInt, validate_call
from sklearn.cluster import MiniBatchKMeans

from features.text.tokenize import words
from features.text.topics.lda import vocabulary_of
from features.text.topics.model import NAMED_BY, FloatArray
from features.text.topics.quality import TopicQuality, judge

Vectors = Callable[[Sequence[str]], FloatArray]

_SHARPNESS = 30.0  # how fast a topic's share falls with the cosine to its center
_BATCH = 4096
_STARTS = 10


@dataclass(frozen=True)
class ClusterModel:
    """Topics as regions of the space of sentence vectors.

    Parameters
    ----------
    vocabulary : tuple of str
        V words; none where there was too little text to find topics in.
    topic_word : numpy.ndarray
        float32 [K, V], class-based TF-IDF, each row summing to 1.
    alpha : numpy.ndarray
        float32 [K], share of the texts in each cluster.
    quality : TopicQuality or None
        How good each topic is, where it was measured.
    centers : numpy.ndarray
        float32 [K, width], of length 1.
    vectors : callable
        Gives the sentence vectors [n, width] of n texts.
    """

    vocabulary: tuple[str, ...]
    topic_word: FloatArray
    alpha: FloatArray
    quality: TopicQuality | None
    centers: FloatArray
    vectors: Vectors = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check that the arrays fit together."""
        expected = (len(self.alpha), len(self.vocabulary))
        if self.topic_word.shape != expected or len(self.centers) != len(self.alpha):
            raise ValueError(
                f"cluster model: expected topic_word of shape {expected} (topics, words) and as "
                f"many centers, got {self.topic_word.shape} and {len(self.centers)}"
            )

    def shares(self, texts: Sequence[str]) -> FloatArray:
        """Return [n, K]: how near each text is to each topic; zeros where it has no letter."""
        shares = np.zeros((len(texts), len(self.alpha)), dtype=np.float32)
        said = [place for place, text in enumerate(texts) if any(map(str.isalpha, text))]
        if self.vocabulary and said:
            cosine = self.vectors([texts[place] for place in said]) @ self.centers.T
            weight = np.exp(_SHARPNESS * (cosine - cosine.max(axis=1, keepdims=True)))
            shares[said] = weight / weight.sum(axis=1, keepdims=True)
        return shares

    def top_words(self, topic: int) -> list[str]:
        """Return the words that name a topic, the heaviest first."""
        weights = self.topic_word[topic]
        order = np.argsort(-weights, kind="stable")[:NAMED_BY]
        return [self.vocabulary[place] for place in order if weights[place] > 0]


@validate_call(config={"arbitrary_types_allowed": True})
def fit_clusters(
    texts: Sequence[str],
    vectors: Vectors,
    *,
    topics: PositiveInt,
    min_texts: PositiveInt = 50,
    min_word_texts: PositiveInt = 5,
    seed: NonNegativeInt = 0,
) -> ClusterModel:
    """Fit topics as k-means clusters of sentence vectors, the largest first.

    Parameters
    ----------
    texts : sequence of str
        Distinct texts; those without a known word are left out.
    vectors : callable
        Gives the sentence vectors [n, width] of n texts, of length 1.
    topics : int
        How many topics, K.
    min_texts : int
        With fewer usable texts no topics are found, and the vocabulary is empty.
    min_word_texts : int
        A word must occur in so many texts to name a topic.
    seed : int
        Fixes where k-means starts.
    """
    counts, vocabulary = vocabulary_of(texts, min_word_texts)
    usable = np.flatnonzero(np.asarray(counts.sum(axis=1)).ravel() > 0)
    if usable.size < max(min_texts, topics):
        none = np.zeros((topics, 0), dtype=np.float32)
        even = np.full(topics, 1 / topics, dtype=np.float32)
        return ClusterModel((), none, even, None, none, vectors)
    chosen = [texts[row] for row in usable.tolist()]
    centers, found = _k_means(vectors(chosen), topics, seed)
    by_topic = _sums(counts[usable], found, topics)
    sizes = np.bincount(found, minlength=topics) / len(found)
    weights = class_tf_idf(by_topic).astype(np.float32)
    model = ClusterModel(vocabulary, weights, sizes.astype(np.float32), None, centers, vectors)
    named = [model.top_words(topic) for topic in range(topics)]
    spread = by_topic / np.maximum(1, by_topic.sum(axis=1, keepdims=True))
    background = by_topic.sum(axis=0) / by_topic.sum()
    known = frozenset(vocabulary)
    documents = [[word for word in words(text) if word in known] for text in chosen]
    quality = judge(named, spread.astype(np.float32), background, documents)
    return replace(model, quality=quality)


def class_tf_idf(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return [K, V]: the weight of each word in each class, from its counts there.

    The square root of the word's share in the class, which holds back words that are frequent
    everywhere, times ``log(1 + A / f)``: A words in an average class, f times the word in all
    classes. Rows sum to 1, or to 0 where a class has no words.
    """
    share = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    average = counts.sum() / len(counts)
    weights = np.sqrt(share) * np.log1p(average / np.maximum(1, counts.sum(axis=0)))
    total = weights.sum(axis=1, keepdims=True)
    return np.asarray(weights / np.where(total > 0, total, 1))


def _k_means(matrix: FloatArray, topics: int, seed: int) -> tuple[FloatArray, NDArray[np.intp]]:
    """Return centers of length 1 and the cluster of each row, the largest cluster first."""
    clusters = MiniBatchKMeans(topics, batch_size=_BATCH, n_init=_STARTS, random_state=seed)
    with warnings.catch_warnings():
        # Fewer distinct vectors than clusters: some stay empty, which is what is wanted then.
        warnings.simplefilter("ignore")
        clusters.fit(matrix)
    centers = clusters.cluster_centers_
    centers = centers / np.maximum(np.linalg.norm(centers, axis=1, keepdims=True), 1e-12)
    nearest = (matrix @ centers.T).argmax(axis=1)
    order = np.argsort(-np.bincount(nearest, minlength=topics), kind="stable")
    place = np.empty(topics, dtype=np.intp)
    place[order] = np.arange(topics)
    return centers[order].astype(np.float32), place[nearest]


def _sums(counts: sp.csr_matrix, found: NDArray[np.intp], topics: int) -> NDArray[np.float64]:
    member = sp.csr_matrix(
        (np.ones(len(found)), (found, np.arange(len(found)))), (topics, len(found))
    )
    return np.asarray((member @ counts).todense(), dtype=np.float64)
