"""Features of a pair of customer and item, in groups that can be removed and that give reasons.

A group is a function from a :class:`Scene` to named columns, float32 [pairs], NaN where unknown.
The scores and ranks of a first-stage model belong to the group that the model stands for
(``Recommender.ground``): what popularity proposes is popular, not similar. Removing a group removes
exactly its columns, and the fused profile with any of its three parts; first-stage models go on
proposing candidates. Two names are no groups but can be removed like one: ``catalog``, the columns
of any group that need what the catalog says of items, their categories, brands, prices and vectors,
and ``features``, all columns but the scores and ranks of the first-stage models.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

import numpy as np

from training.ids import FloatArray
from training.models.context import Context
from training.models.ranking.items import FACTS, LEVELS
from training.models.ranking.people import BEHAVIOR, SENTIMENT
from training.models.ranking.scene import Scene

Columns = dict[str, FloatArray]


def proposed(scene: Scene) -> Iterator[tuple[str, Columns]]:
    """Yield the group that each first-stage model stands for, with its scores and ranks."""
    for name, values in scene.pairs.scores.items():
        columns = {f"{name}_score": values, f"{name}_rank": scene.pairs.ranks[name]}
        yield scene.grounds[name], columns


def popularity(scene: Scene) -> Columns:
    """How many customers had the item lately, and how many of them for the first time."""
    return {name: values[scene.pairs.items] for name, values in scene.items.sales.items()}


def behavior(scene: Scene) -> Columns:
    """How often, how lately and where in the catalog the customer acts, and at what price."""
    rows = scene.pairs.rows
    columns = _activity(scene) | ({} if scene.seen_out else _own(scene))
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


def demographics(scene: Scene) -> Columns:
    """Attributes of the customer, and whether people with these have the item or its kind."""
    known = scene.demographics
    return {} if known is None else known.columns(scene.pairs, scene.items)


def promotions(scene: Scene) -> Columns:
    """How the item is displayed, mailed and couponed, and how the customer answers to it."""
    return {} if scene.promotions is None else scene.promotions.columns(scene.pairs)


def context(scene: Scene) -> Columns:
    """Hour, weekday and channel of the request, and how usual they are for the item."""
    if scene.habits is None:
        return {}
    asked = scene.habits.of_request(scene.context or Context(), len(scene.pairs))
    return scene.habits.columns(scene.pairs.items, asked)


GROUPS: Mapping[str, Callable[[Scene], Columns]] = {
    "popularity": popularity,
    "behavior": behavior,
    "sentiment": sentiment,
    "topic": topic,
    "profile": profile,
    "demographics": demographics,
    "promotions": promotions,
    "context": context,
}
CATALOG = "catalog"
FEATURES = "features"
_MONTH = 28
_LEAST = 1e-6
_FUSED = {"behavior", "sentiment", "topic"}


def removed(without: Collection[str]) -> set[str]:
    """Return the groups that go when ``without`` do: the fused profile goes with its parts."""
    gone = set(without)
    return gone | {"profile"} if gone & _FUSED else gone


def computed(without: Collection[str]) -> set[str]:
    """Return the groups that are computed beside what the first-stage models say."""
    return set() if FEATURES in without else GROUPS.keys() - removed(without)


def features_of(scene: Scene, without: Collection[str] = ()) -> tuple[Columns, dict[str, str]]:
    """Compute the columns of all groups but ``without``, and the group of each column."""
    gone, wanted = removed(without), computed(without)
    found = [each for each in proposed(scene) if each[0] not in gone]
    found += [(name, compute(scene)) for name, compute in GROUPS.items() if name in wanted]
    columns: Columns = {}
    owners: dict[str, str] = {}
    for owner, named in found:
        for column, values in named.items():
            if CATALOG not in gone or not _of_catalog(column):
                columns[column], owners[column] = values, owner
    return columns, owners


def _of_catalog(name: str) -> bool:
    """Whether a column needs what the catalog says of items."""
    starts = (*(f"{level}_" for level in LEVELS), "item_price")
    return name.startswith(starts) or name.endswith("_vector_dot")


def _activity(scene: Scene) -> Columns:
    """Size and age of the customer's history."""
    past, rows = scene.past, scene.pairs.rows
    latest = np.full(len(past), np.nan, dtype=np.float32)
    np.fmin.at(latest, past.owners, past.last)
    values = {
        "customer_events": past.by_customer(past.counts),
        "customer_items": np.diff(past.indptr).astype(np.float32),
        "customer_recent": past.by_customer(past.recent),
        "customer_last_days": latest,
        "customer_new_28d": past.by_customer((past.first <= _MONTH).astype(np.float32)),
    }
    return {name: found[rows] for name, found in values.items()}


def _own(scene: Scene) -> Columns:
    """How often, how lately and how regularly the customer had this very item."""
    pairs, past = scene.pairs, scene.past
    place = past.at(pairs.rows, pairs.items)
    had = place >= 0

    def values(column: FloatArray, missing: float) -> FloatArray:
        found = np.full(len(pairs), missing, dtype=np.float32)
        found[had] = column[place[had]]
        return found

    count, last = values(past.counts, 0), values(past.last, np.nan)
    span = values(past.first, np.nan) - last
    interval = np.divide(span, count - 1, out=np.full_like(count, np.nan), where=count > 1)
    overdue = np.divide(last, interval, out=np.full_like(count, np.nan), where=interval > 0)
    return {
        "own_events": count,
        "own_recent": values(past.recent, 0),
        "own_last_days": last,
        "own_interval_days": interval,
        "own_overdue": overdue,
    }


def _affinity(scene: Scene, level: str) -> Columns:
    """Share of the customer's events in the item's group, also recent, and against everybody's."""
    pairs, past, rows = scene.pairs, scene.past, scene.pairs.rows
    codes, totals = scene.items.levels[level], scene.totals[level]
    groups = codes[pairs.items]
    ones = np.ones_like(past.counts)
    counts, recent, distinct = past.by_group(codes, len(totals), past.counts, past.recent, ones)
    share = counts[rows, groups] / past.by_customer(past.counts)[rows].clip(min=_LEAST)
    lately = recent[rows, groups] / past.by_customer(past.recent)[rows].clip(min=_LEAST)
    columns = {
        f"{level}_share": share,
        f"{level}_recent_share": lately,
        f"{level}_lift": share / totals[groups].clip(min=_LEAST),
        f"{level}_items": distinct[rows, groups],
    }
    for values in columns.values():
        values[groups == 0] = np.nan  # the group of the item is unknown
    return columns


def _prices(scene: Scene) -> Columns:
    """Price of the item relative to what the customer usually pays in its group."""
    if "price" not in scene.items.facts:
        return {}
    pairs, past, price = scene.pairs, scene.past, scene.items.facts["price"]
    logs = np.log(np.where(price > 0, price, np.float32(np.nan)))
    paid = logs[past.items]
    weights = np.where(np.isnan(paid), np.float32(0), past.counts)
    columns = {}
    for level in ("category", "leaf"):
        if level in scene.items.levels:
            codes, size = scene.items.levels[level], len(scene.totals[level])
            sums, total = past.by_group(codes, size, weights * np.nan_to_num(paid), weights)
            usual = np.divide(sums, total, out=np.full_like(sums, np.nan), where=total > 0)
            here = usual[pairs.rows, codes[pairs.items]]
            columns[f"{level}_price_ratio"] = logs[pairs.items] - here
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


__all__ = ["FACTS", "GROUPS", "Columns", "Scene", "computed", "features_of", "removed"]
