"""What a fit starts from: first vectors of items from their texts, checkpoints of a killed one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import orjson

from training.ids import FloatArray
from training.interactions import Interactions
from training.models.ranking.items import matrix_of
from training.models.sequence.channels import Side
from training.models.sequence.settings import SequenceSettings

if TYPE_CHECKING:
    from features.store.reader import FeatureReader

DEVIATION = 0.02  # of first vectors, as of those that are random


def folder_of(model: SequenceSettings, interactions: Interactions, side: Side) -> Path | None:
    """Return where checkpoints of this data and these settings go."""
    if model.checkpoints is None:
        return None
    settings = {k: v for k, v in model.parameters().items() if k != "checkpoints"}
    key = hashlib.sha256(interactions.digest.encode() + orjson.dumps(settings))
    for numbers in (side.items, side.events):
        key.update(b"" if numbers is None else np.ascontiguousarray(numbers).tobytes())
    return Path(model.checkpoints) / key.hexdigest()[:16]


def first_vectors(
    model: SequenceSettings, interactions: Interactions, features: FeatureReader | None
) -> FloatArray | None:
    """Return first vectors of items as ``model`` wants them, as :func:`from_texts`; None: random.

    Raises
    ------
    ValueError
        If there are no features to read them from.
    """
    if model.items_from == "random":
        return None
    if features is None:
        raise ValueError("items_from=text: this workspace has no features; use random")
    ids, until = interactions.items.ids.tolist(), interactions.until
    return from_texts(ids, until, features, model.dimensions, model.seed)


def from_texts(
    ids: Sequence[str], moment: datetime, features: FeatureReader, dimensions: int, seed: int
) -> FloatArray:
    """Return the principal directions of the items' text vectors as float32 [n, dimensions].

    An item without text is NaN. Directions are turned at random, so that every part of the vector
    tells about as much, and scaled to a mean square of 0.02².

    Raises
    ------
    ValueError
        If no item has a text vector.
    """
    frame = features.items(list(ids), as_of=moment)
    vectors = matrix_of(frame.get("item_vector"), len(frame))
    known = vectors.shape[1] > 0 and ~np.isnan(vectors).any(axis=1)
    if not np.any(known):
        raise ValueError(
            "items_from=text: no item has a text vector; use items_from=random, or make features "
            "from item texts (python -m features)"
        )
    found = np.full((len(ids), dimensions), np.nan, dtype=np.float32)
    centered = vectors[known] - vectors[known].mean(axis=0)
    _, _, directions = np.linalg.svd(centered, full_matrices=False)
    reduced = centered @ directions[:dimensions].T
    turned = np.random.default_rng(seed).normal(size=(reduced.shape[1], dimensions))
    mixed = reduced @ turned
    found[known] = mixed * (DEVIATION / max(float(np.sqrt((mixed**2).mean())), 1e-12))
    return found
