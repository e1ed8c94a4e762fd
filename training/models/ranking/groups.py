"""Features of a pair of customer and item, in groups that can be removed and that give reasons.

A group is a function from a :class:`Scene` to named columns, float32 [pairs], NaN where unknown.
Removing a group removes exactly its columns, and the fused profile with any of its three parts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from training.ids import FloatArray
from training.models.ranking.candidates import Candidates
from training.models.ranking.items import FACTS, ItemState
from training.models.ranking.past import Past
from training.models.ranking.people import BEHAVIOR, SENTIMENT, CustomerState

Columns = dict[str, FloatArray]


@dataclass(frozen=True)
class Scene:
    """Everything the features of a block of customers are computed from, as of one moment.

    Parameters
    ----------
    pairs : Candidates
        The pairs; ``pairs.rows`` are rows of ``past`` and ``people``.
    past : Past
        What the customers did, [n, n_items].
    people : CustomerState
        Their profiles, n rows.
    items : ItemState
        The state of all items.
    members : dict of str to csr_matrix
        Which group of each level an item is in, [n_items, groups].
    totals : dict of str to ndarray float32 [groups]
        Share of all customers' events in each group of a level.
    """

    pairs: Candidates
    past: Past
    people: CustomerState
    items: ItemState
    members: Mapping[str, csr_matrix]
    totals: Mapping[str, FloatArray]


def similar(scene: Scene) -> Columns:
    """Scores and ranks of the models that know customers and items from interactions alone."""
    columns = {f"{name}_score": values for name, values in scene.pairs.scores.items()}
    return columns | {f"{name}_rank": values for name, values in scene.pairs.ranks.items()}


def popularity(scene: Scene) -> Columns:
    """How many customers had the item lately, and how many of them for the first time."""
    return {name: values[scene.pairs.items] for name, values in scene.items.sales.items()}


def behavior(scene: Scene) -> Columns:
    """How often, how lately and where in the catalog the customer acts, and at what price."""
    rows = scene.pairs.rows
    columns = _activity(scene) | _own(scene)
    for level in scene.items.levels:
        columns |= _affinity(scene, level)
    for name in BEHAVIOR:
        if name in scene.people.numbers:
            columns[name] = scene.people.numbers[name][rows]
    for name in ("price", "price_quantile", "repeat_rate"):
        if name in scene.items.facts:
            columns[f"item_{name}"] = scene.items.facts[name][scene.pairs.items]
    return columns | _prices(scene) | _dot(scene, "behavior_vector")


def sentiment(scene: Scene) -> Columns:
    """How the customer feels, what the item is said to be, and whether the two meet."""
    rows, items = scene.pairs.rows, scene.pairs.items
    columns = {n: scene.people.numbers[n][rows] for n in SENTIMENT if n in scene.people.numbers}
    for name in ("sentiment", "text_count"):
        if name in scene.items.facts:
            columns[f"item_{name}"] = scene.items.facts[name][items]
    return columns | _dot(scene, "sentiment_vector")


def topic(scene: Scene) -> Columns:
    """Whether the item is talked about in the topics the customer talks about."""
    columns = _dot(scene, "topic_vector")
    left, right = scene.people.topics, scene.items.topics
    if left.shape[1] and left.shape[1] == right.shape[1]:
        columns["topic_overlap"] = _dots(left[scene.pairs.rows], right[scene.pairs.items])
    return columns


def profile(scene: Scene) -> Columns:
    """Nearness of the item to the fused profile: weighted (P) and learned."""
    return _dot(scene, "profile_vector") | _dot(scene, "deep_vector")


GROUPS: Mapping[str, Callable[[Scene], Columns]] = {
    "similar": similar,
    "popularity": popularity,
    "behavior": behavior,
    "sentiment": sentiment,
    "topic": topic,
    "profile": profile,
}
_MONTH = 28 + 1  # days are kept plus 1
_LEAST = 1e-6
_FUSED = {"behavior", "sentiment", "topic"}


def removed(without: Collection[str]) -> set[str]:
    """Return the groups that go when ``without`` do: the fused profile goes with its parts."""
    gone = set(without)
    return gone | {"profile"} if gone & _FUSED else gone


def features_of(scene: Scene, without: Collection[str] = ()) -> tuple[Columns, dict[str, str]]:
    """Compute the columns of all groups but ``without``, and the group of each column."""
    columns: Columns = {}
    owners: dict[str, str] = {}
    gone = removed(without)
    for name, compute in GROUPS.items():
        if name in gone:
            continue
        found = compute(scene)
        columns |= found
        owners |= dict.fromkeys(found, name)
    return columns, owners


def _activity(scene: Scene) -> Columns:
    """Size and age of the customer's history."""
    past, rows = scene.past, scene.pairs.rows
    n = past.counts.shape[0]
    owner = np.repeat(np.arange(n), np.diff(past.counts.indptr))
    latest = np.full(n, np.nan, dtype=np.float32)
    np.fmin.at(latest, owner, past.last.data)
    fresh = np.bincount(owner, weights=past.first.data <= _MONTH, minlength=n)
    return {
        "customer_events": _sum(past.counts)[rows],
        "customer_items": np.diff(past.counts.indptr).astype(np.float32)[rows],
        "customer_recent": _sum(past.recent)[rows],
        "customer_last_days": latest[rows],
        "customer_new_28d": fresh.astype(np.float32)[rows],
    }


def _own(scene: Scene) -> Columns:
    """How often the customer had this very item: 0 throughout when seen items are left out."""
    pairs, past = scene.pairs, scene.past
    count, recent = _at(past.counts, pairs), _at(past.recent, pairs)
    last, first = _at(past.last, pairs), _at(past.first, pairs)
    interval = np.divide(first - last, count - 1, out=np.full_like(count, np.nan), where=count > 1)
    overdue = np.divide(last, interval, out=np.full_like(count, np.nan), where=interval > 0)
    return {
        "own_events": count,
        "own_recent": recent,
        "own_last_days": np.where(count > 0, last, np.float32(np.nan)),
        "own_interval_days": interval,
        "own_overdue": overdue,
    }


def _affinity(scene: Scene, level: str) -> Columns:
    """Share of the customer's events in the item's group, also recent, and against everybody's."""
    pairs, member, past = scene.pairs, scene.members[level], scene.past
    groups = scene.items.levels[level][pairs.items]
    counts, recent = past.counts @ member, past.recent @ member
    binary = past.counts.copy()
    binary.data = np.ones_like(binary.data)
    share = _sample(counts, pairs, groups) / _sum(past.counts)[pairs.rows].clip(min=_LEAST)
    lately = _sample(recent, pairs, groups) / _sum(past.recent)[pairs.rows].clip(min=_LEAST)
    return {
        f"{level}_share": share,
        f"{level}_recent_share": lately,
        f"{level}_lift": share / scene.totals[level][groups].clip(min=_LEAST),
        f"{level}_items": _sample(binary @ member, pairs, groups),
    }


def _prices(scene: Scene) -> Columns:
    """Price of the item relative to what the customer usually pays in its group."""
    if "price" not in scene.items.facts:
        return {}
    pairs, price = scene.pairs, scene.items.facts["price"]
    known = price > 0  # NaN is not
    logs = np.log(np.where(known, price, 1)).astype(np.float32)
    logs_here = np.where(known, logs, np.float32(np.nan))[pairs.items]
    weights = scene.past.counts.multiply(known.astype(np.float32)[None, :]).tocsr()
    sums = weights.multiply(logs[None, :]).tocsr()
    columns = {}
    for level in ("category", "leaf"):
        if level in scene.items.levels:
            groups, member = scene.items.levels[level][pairs.items], scene.members[level]
            total = _sample(weights @ member, pairs, groups)
            usual = np.divide(
                _sample(sums @ member, pairs, groups),
                total,
                out=np.full(len(pairs), np.nan, dtype=np.float32),
                where=total > 0,
            )
            columns[f"{level}_price_ratio"] = logs_here - usual
    return columns


def _dot(scene: Scene, name: str) -> Columns:
    """Nearness of the item's vector to one of the customer's vectors."""
    left, right = scene.people.vectors.get(name), scene.items.vectors
    if left is None or not right.shape[1] or left.shape[1] != right.shape[1]:
        return {}
    return {f"{name}_dot": _dots(left[scene.pairs.rows], right[scene.pairs.items])}


def _dots(left: FloatArray, right: FloatArray) -> FloatArray:
    found: FloatArray = np.einsum("ij,ij->i", left, right)
    return found


def _sum(matrix: csr_matrix) -> FloatArray:
    return np.asarray(matrix.sum(axis=1), dtype=np.float32).ravel()


def _at(matrix: csr_matrix, pairs: Candidates) -> FloatArray:
    return _sample(matrix, pairs, pairs.items)


def _sample(matrix: csr_matrix, pairs: Candidates, columns: np.ndarray) -> FloatArray:
    """Return the entries of ``matrix`` at (row of pair, column), float32 [pairs]."""
    if not len(pairs) or not matrix.nnz:
        return np.zeros(len(pairs), dtype=np.float32)
    return np.asarray(csr_matrix(matrix)[pairs.rows, columns], dtype=np.float32).ravel()


__all__ = ["FACTS", "GROUPS", "Columns", "Scene", "features_of", "removed"]
