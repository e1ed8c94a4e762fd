"""The four feature tables of a snapshot, from its evidence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from features.profile.settings import ProfileSettings
from features.profile.snapshot import Evidence, Sources
from features.profile.traits import interests, mood_labels, price_bands, stages
from features.store.frames import vectors
from features.store.schema import (
    CUSTOMER_BEHAVIOR,
    CUSTOMER_PROFILE,
    CUSTOMER_TEXT,
    ITEM_FACTS,
    NUMBER,
    TIME,
    TIME_COLUMN,
    FeatureTable,
)

FloatArray = npt.NDArray[np.float32]

_WORDS_OF_TOPIC = 3


def snapshot_tables(
    sources: Sources, evidence: Evidence, settings: ProfileSettings, deep: FloatArray | None
) -> dict[str, pa.Table]:
    """Return the feature tables by name.

    Parameters
    ----------
    sources : Sources
        For topic words and the catalog.
    evidence : Evidence
        What is known as of the snapshot's time.
    settings : ProfileSettings
        Weights and thresholds.
    deep : numpy.ndarray or None
        Learned profiles ``[customers, 64]``; None: the weighted profile stands in for them.
    """
    texts = evidence.texts.assign(texts=evidence.texts["texts"].fillna(0))
    return {
        CUSTOMER_BEHAVIOR.name: _table(CUSTOMER_BEHAVIOR, evidence, evidence.behavior),
        CUSTOMER_TEXT.name: _table(CUSTOMER_TEXT, evidence, texts),
        CUSTOMER_PROFILE.name: _profiles(sources, evidence, settings, deep),
        ITEM_FACTS.name: _facts(sources, evidence),
    }


def _profiles(
    sources: Sources, evidence: Evidence, settings: ProfileSettings, deep: FloatArray | None
) -> pa.Table:
    blocks = evidence.blocks
    weighted = settings.fusion().fuse(blocks[:, 0], blocks[:, 1], blocks[:, 2])
    behavior, mood = evidence.behavior, evidence.texts["mood"].to_numpy(dtype=np.float64)
    listed = interests(
        [_names(value) for value in behavior["category_names"]],
        _topic_words(sources, evidence),
        settings.rules,
    )
    frame = pd.DataFrame(
        {
            "interests": listed,
            "price_band": price_bands(behavior["price_level"].to_numpy(dtype=np.float64)),
            "stage": stages(behavior, settings.rules),
            "mood_label": mood_labels(mood, settings.rules.mood_threshold),
        },
        index=behavior.index,
    )
    lists = {
        "behavior_vector": blocks[:, 0],
        "sentiment_vector": blocks[:, 1],
        "topic_vector": blocks[:, 2],
        "profile_vector": weighted,
        "deep_vector": weighted if deep is None else deep,
    }
    return _table(CUSTOMER_PROFILE, evidence, frame, lists)


def _facts(sources: Sources, evidence: Evidence) -> pa.Table:
    ids = list(evidence.items.index)
    matrix = np.zeros((len(ids), evidence.item_vectors.shape[1]), dtype=np.float32)
    if sources.catalog is not None:
        place = pd.Series(np.arange(len(sources.catalog.ids)), index=sources.catalog.ids)
        where = place.reindex(ids).to_numpy(dtype=np.float64)
        found = np.isfinite(where)
        matrix[found] = evidence.item_vectors[where[found].astype(np.int64)]
    return _table(ITEM_FACTS, evidence, evidence.items, {"item_vector": matrix})


def _table(
    table: FeatureTable,
    evidence: Evidence,
    frame: pd.DataFrame,
    lists: dict[str, FloatArray] | None = None,
) -> pa.Table:
    """Return rows of a feature table; a vector of zeros is a missing one."""
    count = len(frame)
    columns: dict[str, pa.Array] = {
        table.key: pa.array(list(frame.index), pa.string()),
        TIME_COLUMN: pa.array([evidence.as_of] * count, TIME),
    }
    for name, kind in table.columns.items():
        if lists and name in lists:
            columns[name] = vectors(lists[name], np.any(lists[name] != 0, axis=1))
        elif kind == NUMBER:
            columns[name] = pa.array(
                frame[name].to_numpy(dtype=np.float64), NUMBER, from_pandas=True
            )
        else:
            columns[name] = pa.array([_listed(value) for value in frame[name]], kind)
    return pa.table(columns)


def _listed(value: object) -> object:
    """Return a list or text cell of a pandas column, None where it is missing."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    return value if isinstance(value, str | list) else None


def _names(value: object) -> list[str] | None:
    return [str(name) for name in value] if isinstance(value, np.ndarray | list) else None


def _topic_words(sources: Sources, evidence: Evidence) -> list[Sequence[str]]:
    words: list[Sequence[str]] = []
    for shares in evidence.texts["topic_shares"]:
        known = isinstance(shares, np.ndarray) and len(shares) == len(sources.topic_words)
        top = sources.topic_words[int(np.argmax(shares))][:_WORDS_OF_TOPIC] if known else []
        words.append(top)
    return words
