"""First vectors of items from what is written about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from training.ids import FloatArray
from training.models.ranking.items import matrix_of

if TYPE_CHECKING:
    from features.store.reader import FeatureReader

DEVIATION = 0.02  # of first vectors, as of those that are random


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
