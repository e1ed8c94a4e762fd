"""One snapshot: the four feature tables as of one time, from the same inputs and nothing later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from scipy import sparse

from features.behavior.customers import customer_behavior
from features.behavior.pairs import pairs
from features.behavior.settings import BehaviorSettings
from features.behavior.tables import BehaviorTables
from features.items.catalog import Catalog
from features.items.facts import item_behavior
from features.profile.blocks import (
    align,
    behavior_block,
    sentiment_block,
    topic_block,
    topic_centroids,
)
from features.profile.rollup import Texts, known_texts, matrix, select, text_features
from features.store.schema import VECTOR_LENGTH

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Sources:
    """What every snapshot of a run is computed from.

    Attributes
    ----------
    tables : BehaviorTables
        Prepared events, items, customers.
    texts : pyarrow.Table
        Analyzed texts.
    catalog : Catalog or None
        Item vectors; None where nothing describes the items.
    topic_words : list of list of str
        Words of each topic, largest first.
    fit_until : datetime
        Topic centroids are made of texts known before it (and before the snapshot).
    behavior : BehaviorSettings
        Windows and decay.
    text_half_life_days : float
        Decay of texts.
    """

    tables: BehaviorTables
    texts: pa.Table
    catalog: Catalog | None
    topic_words: list[list[str]]
    fit_until: datetime
    behavior: BehaviorSettings
    text_half_life_days: float


@dataclass(frozen=True)
class Evidence:
    """What is known of customers and items as of one time, before profiles are fused.

    Attributes
    ----------
    as_of : datetime
        Only rows known strictly before it were used.
    customers : list[str]
        Customers, sorted: the order of ``blocks``.
    behavior, texts : pandas.DataFrame
        ``customer_behavior`` and ``customer_text`` columns, index customer_id, one row each.
    items : pandas.DataFrame
        ``item_facts`` without vectors, index item_id, sorted.
    item_vectors : numpy.ndarray
        float32 ``[items of the catalog, 64]``.
    blocks : numpy.ndarray
        float32 ``[customers, 3, 64]``: h_B, h_C, h_T.
    """

    as_of: datetime
    customers: list[str]
    behavior: pd.DataFrame
    texts: pd.DataFrame
    items: pd.DataFrame
    item_vectors: FloatArray
    blocks: FloatArray


def gather(sources: Sources, as_of: datetime, *, everyone: bool = False) -> Evidence:
    """Compute everything about customers and items as of a time.

    Parameters
    ----------
    sources : Sources
        Inputs; rows known at or after ``as_of`` are not used.
    as_of : datetime
        Whole seconds, UTC.
    everyone : bool
        Also list customers of whom it is not known since when they are known (leads without a
        date); only right for the present.
    """
    moment = int(as_of.timestamp())
    settings = sources.behavior
    known = pairs(sources.tables, moment, settings.half_life_days).cache()
    behavior = customer_behavior(sources.tables, known, moment, settings).to_pandas()
    items = item_behavior(sources.tables, known, moment, settings.active_days).to_pandas()
    weights = known.select("customer", "item", "weight").to_pyarrow()
    mine = select(sources.texts, "customer_id", as_of, sources.text_half_life_days)
    about = select(sources.texts, "item_id", as_of, sources.text_half_life_days)
    ids = set(behavior["customer_id"]) | set(mine.ids)
    if everyone:
        ids |= set(sources.tables.customers.select("customer_id").to_pandas()["customer_id"])
    customers = sorted(ids)
    texts = text_features(mine, as_of).to_pandas().set_index("id").reindex(customers)
    vectors = _item_vectors(sources, as_of)
    return Evidence(
        as_of,
        customers,
        behavior.set_index("customer_id").reindex(customers),
        texts,
        _items(sources, items, about, as_of),
        vectors,
        _blocks(sources, as_of, customers, weights=weights, mine=mine, item_vectors=vectors),
    )


def _item_vectors(sources: Sources, as_of: datetime) -> FloatArray:
    if sources.catalog is None:
        return np.zeros((0, VECTOR_LENGTH), dtype=np.float32)
    return sources.catalog.as_of(known_texts(sources.texts, as_of))


def _items(sources: Sources, sold: pd.DataFrame, about: Texts, as_of: datetime) -> pd.DataFrame:
    """Facts of items that were acted on or written about."""
    spoken = text_features(about, as_of).to_pandas().set_index("id")
    spoken = spoken.rename(columns={"texts": "text_count", "plain_mood": "sentiment"})
    facts = sold.drop(columns=["item"]).set_index("item_id")
    only_spoken = sorted(set(spoken.index) - set(facts.index))
    rows = facts.reindex(sorted({*facts.index, *only_spoken}))
    if only_spoken:
        catalog = sources.tables.items.select("item_id", "category", "brand", "listed_price")
        listed = catalog.to_pandas().set_index("item_id").reindex(only_spoken)
        rows.loc[only_spoken, "category"] = listed["category"]
        rows.loc[only_spoken, "brand"] = listed["brand"]
        rows.loc[only_spoken, "price"] = listed["listed_price"]
    counted = ["purchases_7d", "purchases_28d", "purchases", "customers_28d"]
    rows[counted] = rows[counted].fillna(0)
    columns = ["text_count", "sentiment", "topic_shares", "keywords"]
    joined = rows.join(spoken[columns])
    joined["text_count"] = joined["text_count"].fillna(0)
    return joined


def _blocks(
    sources: Sources,
    as_of: datetime,
    customers: list[str],
    *,
    weights: pa.Table,
    mine: Texts,
    item_vectors: FloatArray,
) -> FloatArray:
    """Return h_B, h_C, h_T of each customer: float32 ``[customers, 3, 64]``."""
    blocks = np.zeros((len(customers), 3, VECTOR_LENGTH), dtype=np.float32)
    catalog = sources.catalog
    if catalog is None:
        return blocks
    blocks[:, 0] = behavior_block(_weights(sources, weights, customers, catalog), item_vectors)
    if mine.ids:
        by_item = dict(zip(catalog.ids, item_vectors, strict=True))
        felt = sentiment_block(mine, by_item, catalog.space)
        blocks[:, 1] = align(felt, mine.ids, customers)
        topics = matrix(mine.rows, "topics")
        shares = mine.sum(topics * mine.weight[:, None])
        learned = known_texts(sources.texts, min(as_of, sources.fit_until))
        centroids = topic_centroids(learned, catalog.space, topics.shape[1])
        blocks[:, 2] = align(topic_block(shares, centroids), mine.ids, customers)
    return blocks


def _weights(
    sources: Sources, weights: pa.Table, customers: list[str], catalog: Catalog
) -> sparse.csr_matrix:
    """Return decayed acts as ``[customers, items]`` in the orders of customers and catalog."""
    people = _numbers(sources.tables.customers.to_pandas(), "customer", "customer_id", customers)
    things = _numbers(sources.tables.items.to_pandas(), "item", "item_id", catalog.ids)
    rows = people[weights["customer"].to_numpy()]
    columns = things[weights["item"].to_numpy()]
    kept = (rows >= 0) & (columns >= 0)
    values = weights["weight"].to_numpy()[kept].astype(np.float32)
    return sparse.csr_matrix(
        (values, (rows[kept], columns[kept])), shape=(len(customers), len(catalog.ids))
    )


def _numbers(
    dimension: pd.DataFrame, number: str, key: str, wanted: list[str]
) -> npt.NDArray[np.int64]:
    """Return, for each number of a dimension, its place in ``wanted``, or -1."""
    place = pd.Series(np.arange(len(wanted)), index=wanted)
    mapped = dimension[key].map(place).fillna(-1).to_numpy(dtype=np.int64)
    table = np.full(int(dimension[number].max()) + 1 if len(dimension) else 1, -1, dtype=np.int64)
    table[dimension[number].to_numpy()] = mapped
    return table
