"""Group questions that ask the same, without comparing each with every other.

Two questions are compared by meaning (sentence vectors) and by letters (TF-IDF of character
n-grams): vectors alone take "refund" for "return", letters alone miss paraphrases. Where there are
many, each is compared only within the cells of its two nearest anchors, so that time grows like
``n ** 1.5``. Neighbors make a graph; within its connected components average linkage (Sokal and
Michener, 1958) keeps chains of near misses from becoming one group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import squareform
from sklearn.feature_extraction.text import TfidfVectorizer

from features.text.base import content_hash
from features.text.language import language_of

Vectors = Callable[[Sequence[str]], NDArray[np.float32]]
Similarity = Callable[[NDArray[np.intp], NDArray[np.intp]], NDArray[np.float64]]

LEAST = 0.56  # mean likeness within a group
_MEANING = 0.7  # weight of vectors against that of letters
_EXACT = 3000  # questions up to which all pairs are compared
_LARGEST = 1500  # questions of one component whose linkage fits in memory
_STEP = 0.04  # by which the bar rises for larger components, ...
_SAME = 0.9  # ... up to this: what is still connected then asks the same
_NGRAMS = {"zh": ("char", (1, 2)), "en": ("char_wb", (2, 4))}


def group_questions(
    questions: Sequence[str], vectors: Vectors, *, least: float = LEAST
) -> NDArray[np.int64]:
    """Return int64 [n]: equal numbers for questions that ask the same.

    Parameters
    ----------
    questions : sequence of str
        n distinct questions, as :func:`~features.text.questions.detect.bare` returns them.
        Questions in different languages are never grouped.
    vectors : callable
        Gives the sentence vectors [n, width], of length 1, of n texts.
    least : float
        Mean likeness that questions of one group must have, up to 1.

    Notes
    -----
    The order of the questions has no influence on which are grouped.
    """
    order = sorted(range(len(questions)), key=lambda place: content_hash(questions[place]))
    by_language: dict[str, list[int]] = {}
    for place in order:
        by_language.setdefault(language_of(questions[place]), []).append(place)
    found = np.zeros(len(questions), dtype=np.int64)
    fresh = 0
    for language, places in sorted(by_language.items()):
        texts = [questions[place] for place in places]
        groups = _group(len(texts), likeness(texts, language, vectors), vectors(texts), least)
        found[places] = groups + fresh
        fresh += int(groups.max()) + 1
    return found


def likeness(texts: Sequence[str], language: str, vectors: Vectors) -> Similarity:
    """Return what compares the questions at some places with those at others, 1 for equal ones."""
    analyzer, ngrams = _NGRAMS.get(language, ("char", (1, 3)))
    matrix = vectors(texts)
    letters = TfidfVectorizer(analyzer=analyzer, ngram_range=ngrams, sublinear_tf=True)
    try:
        spelled = letters.fit_transform(texts)
    except ValueError:  # scikit-learn's way to say that there is no letter at all
        spelled = sp.csr_matrix((len(texts), 1))

    def compare(one: NDArray[np.intp], other: NDArray[np.intp]) -> NDArray[np.float64]:
        meaning = matrix[one] @ matrix[other].T
        spelling = np.asarray((spelled[one] @ spelled[other].T).todense())
        return np.asarray(_MEANING * meaning + (1 - _MEANING) * spelling, dtype=np.float64)

    return compare


def _group(
    count: int, compare: Similarity, matrix: NDArray[np.float32], least: float
) -> NDArray[np.int64]:
    ones, others, values = [np.zeros(0, np.intp)], [np.zeros(0, np.intp)], [np.zeros(0)]
    for cell in _cells(matrix):
        alike = np.triu(compare(cell, cell), 1)
        row, column = np.nonzero(alike >= least)
        ones.append(cell[row])
        others.append(cell[column])
        values.append(alike[row, column])
    # A pair that meets in two cells is one pair.
    pairs = np.concatenate(ones) * count + np.concatenate(others)
    pairs, first = np.unique(pairs, return_index=True)
    graph = sp.csr_matrix(
        (np.concatenate(values)[first], (pairs // max(1, count), pairs % max(1, count))),
        (count, count),
    )
    found = np.zeros(count, dtype=np.int64)
    fresh = 0
    for members in _components(graph, np.arange(count), least):
        one = len(members) > _LARGEST
        groups = np.zeros(1, np.int64) if one else _linked(compare(members, members), least)
        found[members] = groups + fresh
        fresh += int(groups.max()) + 1
    return found


def _cells(matrix: NDArray[np.float32]) -> Iterator[NDArray[np.intp]]:
    """Yield places to compare with each other: all, or those nearest to the same anchor.

    Anchors are the first rows, which the order by content hash makes an even sample.
    """
    count = len(matrix)
    if count <= _EXACT:
        yield np.arange(count)
        return
    anchors = matrix[: round(count**0.5)]
    nearest = np.concatenate(
        [
            np.argsort(-(matrix[start : start + _EXACT] @ anchors.T), axis=1, kind="stable")[:, :2]
            for start in range(0, count, _EXACT)
        ]
    )
    for anchor in range(len(anchors)):
        places = np.flatnonzero((nearest == anchor).any(axis=1))
        for start in range(0, len(places), _EXACT):  # a cell that took too many is cut
            yield places[start : start + _EXACT]


def _components(
    graph: sp.csr_matrix, places: NDArray[np.intp], least: float
) -> Iterator[NDArray[np.intp]]:
    """Yield connected places; too many are taken apart by asking for more likeness."""
    count, labels = connected_components(graph, directed=False)
    order = np.argsort(labels, kind="stable")
    for members in np.split(order, np.cumsum(np.bincount(labels, minlength=count))[:-1]):
        if len(members) <= _LARGEST or least >= _SAME:
            yield places[members]
            continue
        part = graph[members][:, members].tocsr()
        part.data = np.where(part.data >= least + _STEP, part.data, 0)
        part.eliminate_zeros()
        yield from _components(part, places[members], least + _STEP)


def _linked(alike: NDArray[np.float64], least: float) -> NDArray[np.int64]:
    if len(alike) == 1:
        return np.zeros(1, dtype=np.int64)
    apart = np.clip(1 - (alike + alike.T) / 2, 0, None)
    np.fill_diagonal(apart, 0)
    tree = linkage(squareform(apart, checks=False), "average")
    return np.asarray(fcluster(tree, 1 - least, "distance"), dtype=np.int64) - 1
