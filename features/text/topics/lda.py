"""Find topics by the words that occur together: latent Dirichlet allocation, by ``tomotopy``."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import scipy.sparse as sp
from pydantic import NonNegativeInt, PositiveInt, validate_call
from sklearn.feature_extraction.text import CountVectorizer

from features.text.tokenize import words
from features.text.topics.model import TopicModel
from features.text.topics.quality import judge

_COMMON = 0.4  # a word in more than this share of the texts separates nothing
_RARE = 0.001  # a word must be in this share of the texts to name a subject of the whole
_RARE_IN_FEW = 0.005  # where that is less than the word count asked for, in small collections


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
    """Fit topics, the largest first, and say how good each is.

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
        A word must occur in so many texts; fewer are asked of small collections, and one in a
        thousand of large ones.
    seed : int
        Fixes the sampling. One worker is used, since only then it is repeatable.
    """
    counts, vocabulary = vocabulary_of(texts, min_word_texts)
    usable = np.flatnonzero(np.asarray(counts.sum(axis=1)).ravel() > 1)
    if usable.size < min_texts:
        empty = np.zeros((topics, 0), dtype=np.float32)
        return TopicModel((), empty, np.full(topics, 1 / topics, dtype=np.float32))
    known = frozenset(vocabulary)
    documents = [[w for w in words(texts[row]) if w in known] for row in usable.tolist()]
    model, background = _gibbs(documents, topics, iterations, seed)
    named = [model.top_words(topic) for topic in range(topics)]
    quality = judge(named, model.topic_word, background, documents)
    return replace(model, quality=quality)


def vocabulary_of(
    texts: Sequence[str], min_word_texts: int
) -> tuple[sp.csr_matrix, tuple[str, ...]]:
    """Return counts [n, V] of the words that can separate subjects, and the words."""
    wanted = min(min_word_texts, max(2, round(_RARE_IN_FEW * len(texts))))
    rare = max(wanted, round(_RARE * len(texts)))
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
    documents: Sequence[list[str]], topics: int, iterations: int, seed: int
) -> tuple[TopicModel, np.ndarray]:
    with warnings.catch_warnings():
        # Its compiled part warns of its own types when loaded, and of workers even if there is 1.
        warnings.simplefilter("ignore")
        import tomotopy  # noqa: PLC0415 (only fitting needs it)

        model = tomotopy.LDAModel(k=topics, seed=seed, alpha=0.1, eta=0.01)
        for document in documents:
            model.add_doc(document)
        model.train(iterations, workers=1)
    order = np.argsort(-np.asarray(model.get_count_by_topics()), kind="stable")
    topic_word = np.stack([model.get_topic_word_dist(int(topic)) for topic in order])
    alpha = np.asarray(model.alpha, dtype=np.float32)[order]
    used = np.asarray(model.used_vocab_freq, dtype=np.float64)
    found = TopicModel(tuple(model.used_vocabs), topic_word.astype(np.float32), alpha)
    return found, used / used.sum()
