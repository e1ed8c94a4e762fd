"""Did the relevant items come up, and how high: one value a customer."""

from __future__ import annotations

import numpy as np

from training.metrics.registry import Rankings, Values, metric


@metric(
    "recall",
    "ranking",
    "Hits among the first k, as a share of the most that were possible: hits / min(k, relevant).",
)
def recall(rankings: Rankings) -> Values:
    """Return hits / min(k, relevant), [n]."""
    k = rankings.hits.shape[1]
    return np.asarray(rankings.hits.sum(axis=1) / np.minimum(k, rankings.relevant))


@metric(
    "recall_of_all",
    "ranking",
    "Hits among the first k, as a share of everything relevant: hits / relevant.",
)
def recall_of_all(rankings: Rankings) -> Values:
    """Return hits / relevant, [n]; below 1 by construction where relevant > k."""
    return np.asarray(rankings.hits.sum(axis=1) / rankings.relevant)


@metric("precision", "ranking", "Share of the k places that held a relevant item: hits / k.")
def precision(rankings: Rankings) -> Values:
    """Return hits / k, [n]; empty places count as misses."""
    return np.asarray(rankings.hits.sum(axis=1) / rankings.hits.shape[1])


@metric(
    "ndcg",
    "ranking",
    "Discounted gain, 1 / log2(rank + 1) a hit, over that of the best possible order.",
)
def ndcg(rankings: Rankings) -> Values:
    """Return binary nDCG, [n]; the ideal list has min(k, relevant) hits (Järvelin 2002)."""
    gains = 1 / np.log2(np.arange(2, rankings.hits.shape[1] + 2))
    ideal = np.cumsum(gains)[np.minimum(len(gains), rankings.relevant) - 1]
    return np.asarray((rankings.hits @ gains) / ideal)


@metric(
    "map",
    "ranking",
    "Mean of the precision at every hit, over min(k, relevant) (average precision).",
)
def average_precision(rankings: Rankings) -> Values:
    """Return average precision, [n]; its mean over customers is MAP."""
    k = rankings.hits.shape[1]
    at_rank = np.cumsum(rankings.hits, axis=1) / np.arange(1, k + 1)
    return np.asarray((at_rank * rankings.hits).sum(axis=1) / np.minimum(k, rankings.relevant))


@metric("mrr", "ranking", "1 / rank of the first hit; 0 without a hit.")
def reciprocal_rank(rankings: Rankings) -> Values:
    """Return the reciprocal rank, [n]."""
    first = rankings.hits.argmax(axis=1)
    return np.where(rankings.hits.any(axis=1), 1 / (first + 1), 0.0)


@metric("hit_rate", "ranking", "Share of customers with at least one hit.")
def hit_rate(rankings: Rankings) -> Values:
    """Return 1 where there is a hit, else 0, [n]."""
    return np.asarray(rankings.hits.any(axis=1), dtype=np.float64)
