"""Analyzed texts rolled up to customers or items, as of a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from features.store.schema import NUMBERS, TEXTS

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

RECENT_DAYS = 28
KEYWORDS = 10


@dataclass(frozen=True)
class Texts:
    """Texts of one as-of time whose customer or item is known, ready to be summed.

    Attributes
    ----------
    ids : list[str]
        Distinct customers (items), sorted; ``owner`` numbers refer to it.
    owner : numpy.ndarray
        int64 ``[n]``: whose text it is.
    weight : numpy.ndarray
        float32 ``[n]``: ``0.5 ** (age / half_life)``.
    rows : pyarrow.Table
        The analyzed texts, ``n`` rows.
    """

    ids: list[str]
    owner: IntArray
    weight: FloatArray
    rows: pa.Table

    def sum(self, values: npt.NDArray[np.floating]) -> FloatArray:
        """Sum values ``[n]`` or ``[n, width]`` over the texts of each owner."""
        count = len(self.owner)
        ones = np.ones(count, dtype=np.float32)
        chooser = sparse.csr_matrix(
            (ones, (self.owner, np.arange(count))), shape=(len(self.ids), count)
        )
        return np.asarray(chooser @ values, dtype=np.float32)


def known_texts(texts: pa.Table, as_of: datetime) -> pa.Table:
    """Return the texts that were available strictly before ``as_of``."""
    return texts.filter(pc.field("available_at") < pa.scalar(as_of, pa.timestamp("us", tz="UTC")))


def select(texts: pa.Table, key: str, as_of: datetime, half_life_days: float) -> Texts:
    """Return the texts known before ``as_of`` that name a ``key``, with their weights.

    Parameters
    ----------
    texts : pyarrow.Table
        Analyzed texts.
    key : {"customer_id", "item_id"}
        Whose texts they are.
    as_of : datetime
        Only texts with ``available_at`` strictly before it are read.
    half_life_days : float
        A text this old weighs half.
    """
    rows = known_texts(texts, as_of).filter(pc.field(key).is_valid())
    encoded = pc.dictionary_encode(rows[key].combine_chunks().cast(pa.string()))
    names = np.array(encoded.dictionary.to_pylist(), dtype=object)
    order = np.argsort(names) if len(names) else np.empty(0, dtype=np.int64)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    owner = rank[np.asarray(encoded.indices)] if rows.num_rows else np.empty(0, dtype=np.int64)
    written = rows["occurred_at"].to_pandas()
    age = (pd.Timestamp(as_of) - written).dt.total_seconds().to_numpy() / 86_400
    weight = np.exp2(-np.maximum(age, 0.0) / half_life_days).astype(np.float32)
    return Texts([str(name) for name in names[order]], owner, weight, rows)


def text_features(chosen: Texts, as_of: datetime) -> pa.Table:
    """Return id, texts, mood, mood_trend, simulated_share, topic_shares, keywords.

    - ``mood``: mean polarity weighted by recency, -1..1.
    - ``mood_trend``: mean polarity of the last 28 days minus that of the time before; null unless
      both have a text.
    - ``topic_shares``: mean topic distribution weighted by recency. ``keywords``: the ten with the
      largest summed weight, ties in alphabetical order.
    - ``simulated_share``: share of texts whose source is ``simulated``.
    """
    polarity = column(chosen.rows, "polarity")
    count = chosen.sum(np.ones(len(polarity), dtype=np.float32))
    simulated = np.asarray(pc.equal(chosen.rows["source"], "simulated")).astype(np.float32)
    start = pa.scalar(as_of - timedelta(days=RECENT_DAYS), pa.timestamp("us", tz="UTC"))
    recent = np.asarray(pc.greater_equal(chosen.rows["occurred_at"], start)).astype(np.float32)
    weights = np.maximum(chosen.sum(chosen.weight), 1e-9)
    return pa.table(
        {
            "id": pa.array(chosen.ids, pa.string()),
            "texts": count,
            "mood": chosen.sum(chosen.weight * polarity) / weights,
            "plain_mood": chosen.sum(polarity) / np.maximum(count, 1),
            "mood_trend": _trend(chosen, polarity, recent),
            "simulated_share": chosen.sum(simulated) / np.maximum(count, 1),
            "topic_shares": _shares(chosen, weights),
            "keywords": _keywords(chosen),
        }
    )


def column(rows: pa.Table, name: str) -> FloatArray:
    """Return a number column as float32, missing as 0."""
    values = pc.fill_null(rows[name].cast(pa.float32()), 0.0)
    return np.asarray(values.to_numpy(), dtype=np.float32)


def matrix(rows: pa.Table, name: str) -> FloatArray:
    """Return a list column as float32 ``[n, width]``; missing lists are zeros."""
    lists = rows[name].combine_chunks()
    lengths = pc.list_value_length(lists).fill_null(0).to_numpy(zero_copy_only=False)
    width = int(lengths.max()) if len(lengths) else 0
    filled = np.zeros((len(lengths), width), dtype=np.float32)
    flat = np.asarray(pc.list_flatten(lists).to_numpy(zero_copy_only=False), dtype=np.float32)
    filled[lengths == width] = flat.reshape(-1, width) if width else 0.0
    return filled


def _trend(chosen: Texts, polarity: FloatArray, recent: FloatArray) -> pa.Array:
    now, before = chosen.sum(recent), chosen.sum(1 - recent)
    means = [
        chosen.sum(polarity * part) / np.maximum(number, 1)
        for part, number in ((recent, now), (1 - recent, before))
    ]
    return pa.array(means[0] - means[1], pa.float32(), mask=(now == 0) | (before == 0))


def _shares(chosen: Texts, weights: FloatArray) -> pa.Array:
    topics = matrix(chosen.rows, "topics")
    shares = chosen.sum(topics * chosen.weight[:, None]) / weights[:, None]
    return pa.array(list(shares) if topics.shape[1] else [None] * len(chosen.ids), NUMBERS)


def _keywords(chosen: Texts) -> pa.Array:
    lists = chosen.rows["keywords"].combine_chunks()
    parents = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)
    frame = pd.DataFrame(
        {
            "owner": chosen.owner[parents],
            "word": pc.list_flatten(lists).to_pylist(),
            "weight": chosen.weight[parents],
        }
    )
    summed = frame.groupby(["owner", "word"])["weight"].sum().reset_index()
    ranked = summed.sort_values(["owner", "weight", "word"], ascending=[True, False, True])
    kept = ranked.groupby("owner").head(KEYWORDS)
    words: list[list[str]] = [[] for _ in chosen.ids]
    for owner, word in zip(kept["owner"], kept["word"], strict=True):
        words[int(owner)].append(str(word))
    return pa.array(words, TEXTS)
