"""Centrality and novelty on graphs whose answer is known."""

from __future__ import annotations

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from features.text.summary.rank import centrality, choose, likeness
from features.text.tokenize import tokens

TEXTS = ["快递太慢了", "快递 快递 快递很慢", "the delivery was slow", "slow delivery", "!!"]


def test_likeness_is_that_of_scikit_learn() -> None:
    found = TfidfVectorizer(analyzer=tokens, sublinear_tf=True).fit_transform(TEXTS)
    np.testing.assert_allclose(likeness(TEXTS), (found @ found.T).toarray(), atol=1e-12)
    assert likeness(["!!", "??"]).tolist() == [[0, 0], [0, 0]]


def test_the_middle_of_a_star_is_most_central() -> None:
    star = np.eye(5)
    star[2, :] = star[:, 2] = 1
    rank = centrality(star)
    assert rank.argmax() == 2
    assert rank.max() == 1
    np.testing.assert_allclose(rank[[0, 1, 3, 4]], rank[0])
    assert centrality(np.zeros((0, 0))).shape == (0,)
    np.testing.assert_allclose(centrality(np.zeros((3, 3))), 1)


def test_what_repeats_is_not_chosen_twice() -> None:
    alike = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1.0]])
    scores = np.array([1, 0.9, 0.5])
    assert choose(scores, alike, 2) == [0, 2]
    assert choose(scores, alike, 9) == [0, 2, 1]
    assert choose(scores, alike, 2, [1]) == [1, 2]
    assert choose(scores, alike, 1, [2, 0]) == [2]
