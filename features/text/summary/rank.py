"""Which sentences say most of what all of them say, and which of those repeat each other.

Erkan and Radev, "LexRank: Graph-based Lexical Centrality as Salience in Text Summarization", JAIR
2004, in its continuous form; Carbonell and Goldstein, "The Use of MMR, Diversity-Based Reranking
for Reordering Documents and Producing Summaries", SIGIR 1998.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from features.text.tokenize import tokens

Floats = NDArray[np.float64]

_DAMPING = 0.85
_ROUNDS = 50
_RELEVANT = 0.6  # weight of relevance against novelty


def likeness(sentences: Sequence[str]) -> Floats:
    """Return float64 [n, n]: cosine of the TF-IDF of words; 0 for sentences without words.

    Logarithmic term frequency and smoothed inverse document frequency, as scikit-learn has them,
    whose checks would cost ten times the work on the few sentences of a conversation.
    """
    told = [tokens(sentence) for sentence in sentences]
    place = {word: column for column, word in enumerate(sorted(set().union(*told)))}
    counts = np.zeros((len(told), len(place)))
    for row, said in zip(counts, told, strict=True):
        for word in said:
            row[place[word]] += 1
    found = (counts > 0).sum(axis=0)
    weights = np.log(np.maximum(counts, 1)) + (counts > 0)
    weights *= np.log((1 + len(told)) / (1 + found)) + 1
    weights /= np.maximum(np.linalg.norm(weights, axis=1, keepdims=True), 1e-12)
    return np.asarray(np.clip(weights @ weights.T, 0, 1))


def centrality(alike: Floats) -> Floats:
    """Return [n]: how central each sentence is, 1 for the most central one.

    Parameters
    ----------
    alike : numpy.ndarray
        float64 [n, n], non-negative.
    """
    count = len(alike)
    if not count:
        return np.zeros(0)
    total = alike.sum(axis=1, keepdims=True)
    steps = np.where(total > 0, alike / np.where(total > 0, total, 1), 1 / count)
    rank = np.full(count, 1 / count)
    for _ in range(_ROUNDS):
        rank = (1 - _DAMPING) / count + _DAMPING * (rank @ steps)
    return np.asarray(rank / rank.max())


def choose(scores: Floats, alike: Floats, count: int, chosen: Sequence[int] = ()) -> list[int]:
    """Return so many places, high in score and unlike each other, those in ``chosen`` first.

    Parameters
    ----------
    scores : numpy.ndarray
        float64 [n], in [0, 1].
    alike : numpy.ndarray
        float64 [n, n], in [0, 1].
    count : int
        How many at most.
    chosen : sequence of int
        Places that are settled.
    """
    found = list(chosen)[:count]
    while len(found) < min(count, len(scores)):
        repeated = alike[:, found].max(axis=1) if found else np.zeros(len(scores))
        worth = _RELEVANT * scores - (1 - _RELEVANT) * repeated
        worth[found] = -np.inf
        found.append(int(worth.round(9).argmax()))
    return found
