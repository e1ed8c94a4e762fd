"""Fit topics of whichever kind was chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from features.text.topics.clusters import ClusterModel, Vectors, fit_clusters
from features.text.topics.lda import fit_topics
from features.text.topics.model import TopicModel

Kind = Literal["lda", "clusters"]


def fit_topic_model(
    texts: Sequence[str],
    vectors: Vectors,
    *,
    kind: Kind = "lda",
    topics: int,
    iterations: int = 200,
    seed: int = 0,
) -> TopicModel | ClusterModel:
    """Fit topics by words (``lda``) or by sentence vectors (``clusters``).

    Parameters
    ----------
    texts : sequence of str
        Distinct texts.
    vectors : callable
        Gives the sentence vectors [n, width] of n texts; asked for clusters only.
    kind : str
        See :func:`~features.text.topics.lda.fit_topics` and
        :func:`~features.text.topics.clusters.fit_clusters`.
    topics, iterations, seed : int
        How many topics; sampling rounds (of ``lda``); what fixes chance.

    Raises
    ------
    ValueError
        If there is no such kind.
    """
    if kind not in get_args(Kind):
        raise ValueError(f"topics: kind {kind!r}, expected one of {', '.join(get_args(Kind))}")
    if kind == "clusters":
        return fit_clusters(texts, vectors, topics=topics, seed=seed)
    return fit_topics(texts, topics=topics, iterations=iterations, seed=seed)
