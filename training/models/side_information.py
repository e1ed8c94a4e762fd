"""What is known of items and customers beside events, as columns of equal weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, diags, hstack

from training.ids import FloatArray
from training.models.ranking.items import matrix_of
from training.models.ranking.people import CustomerState

if TYPE_CHECKING:
    from features.store.reader import FeatureReader

Vector = Literal[
    "profile_vector", "behavior_vector", "sentiment_vector", "topic_vector", "deep_vector"
]
_SEPARATOR = " > "


@dataclass(frozen=True)
class CustomerColumns:
    """How profiles become columns: centered, scaled to unit length, and a constant before them.

    Parameters
    ----------
    vector : str
        Which vector of the profile; topic shares follow it.
    center, scale : ndarray of float32, shape [width]
        Mean of the known values, and what they are multiplied by.
    """

    vector: str
    center: FloatArray
    scale: FloatArray

    @classmethod
    def of(
        cls, ids: Sequence[str], moment: datetime, features: FeatureReader, vector: str
    ) -> tuple[CustomerColumns, FloatArray]:
        """Learn center and scale from the profiles of ``ids``; return them with the columns."""
        raw = _profiles(ids, moment, features, vector)
        known = ~np.isnan(raw)
        count = np.maximum(known.sum(axis=0), 1)
        center = np.where(known, raw, 0).sum(axis=0) / count
        length = np.sqrt((np.where(known, raw - center, 0) ** 2).sum(axis=0))
        scale = np.divide(1, length, out=np.zeros_like(length), where=length > 0)
        constant = 1 / np.sqrt(max(int(known.any(axis=1).sum()), 1))
        found = cls(
            vector,
            np.append(0, center).astype(np.float32),
            np.append(constant, scale).astype(np.float32),
        )
        return found, found._scaled(raw)

    def read(
        self, ids: Sequence[str], moment: datetime | None, features: FeatureReader
    ) -> FloatArray:
        """Return the columns of ``ids``, float32 [n, width]; zeros where nothing is known."""
        return self._scaled(_profiles(ids, moment, features, self.vector))

    def _scaled(self, raw: FloatArray) -> FloatArray:
        if raw.shape[1] + 1 != len(self.center):
            return np.zeros((len(raw), len(self.center)), dtype=np.float32)
        somebody = ~np.isnan(raw).all(axis=1, keepdims=True)
        whole = np.hstack([np.where(somebody, np.float32(1), np.float32(np.nan)), raw])
        found: FloatArray = np.nan_to_num((whole - self.center) * self.scale).astype(np.float32)
        return found


def item_columns(
    ids: Sequence[str], moment: datetime, features: FeatureReader
) -> tuple[csr_matrix, FloatArray]:
    """Return tags csr [n_items, tags] and vectors float32 [n_items, d] of ``ids``.

    A tag is a level of the category path with all above it, or the brand. Every column has unit
    length, so that a tag many items share counts as much as a rare one; vectors are centered and
    zero where unknown.
    """
    frame = features.items(list(ids), as_of=moment)
    levels = _levels(frame)
    tags = hstack([_one_hot(values) for values in levels], format="csr", dtype=np.float32)
    vectors = matrix_of(frame.get("item_vector"), len(frame))
    vectors = np.nan_to_num(vectors - _mean(vectors))
    length = np.linalg.norm(vectors, axis=0)
    return _unit_columns(tags), vectors / np.where(length > 0, length, 1).astype(np.float32)


def _profiles(
    ids: Sequence[str], moment: datetime | None, features: FeatureReader, vector: str
) -> FloatArray:
    """Read the profile vector and topic shares, [n, width], NaN where unknown."""
    people = CustomerState.of(ids, moment, features)
    nothing = np.zeros((len(ids), 0), dtype=np.float32)
    return np.hstack([people.vectors.get(vector, nothing), people.topics])


def _levels(frame: pd.DataFrame) -> list[pd.Series[str]]:
    """Return the prefixes of the category path by depth, and the brand; "" where unknown."""
    path = frame["category"].astype(object).where(frame["category"].notna(), "").astype(str)
    parts = path.str.split(_SEPARATOR)
    depth = int(parts.str.len().max()) if len(parts) else 0
    brand = frame["brand"].astype(object).where(frame["brand"].notna(), "").astype(str)
    prefixes = [
        parts.str[:level].str.join(_SEPARATOR).where(parts.str.len() >= level, "")
        for level in range(1, depth + 1)
    ]
    return [*prefixes, brand]


def _one_hot(values: pd.Series[str]) -> csr_matrix:
    """Return one column a distinct value, csr [n, values]; "" is no value."""
    codes, names = pd.factorize(values.where(values != ""))
    known = np.flatnonzero(codes >= 0)
    ones = np.ones(len(known), dtype=np.float32)
    return csr_matrix((ones, (known, codes[known])), shape=(len(values), len(names)))


def _unit_columns(tags: csr_matrix) -> csr_matrix:
    length = np.sqrt(np.asarray(tags.multiply(tags).sum(axis=0))).ravel()
    return (tags @ diags(1 / np.where(length > 0, length, 1))).tocsr().astype(np.float32)


def _mean(vectors: FloatArray) -> FloatArray:
    known = ~np.isnan(vectors)
    total = np.where(known, vectors, 0).sum(axis=0)
    mean: FloatArray = total / np.maximum(known.sum(axis=0), 1).astype(np.float32)
    return mean
