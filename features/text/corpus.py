"""The distinct texts that transforms are fitted on, in an order that only their content decides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.text.base import HASH_BYTES, content_hash
from features.text.sentiment import Rated
from features.text.sentiment_data import label_of

_UNRATED = 255


@dataclass(frozen=True)
class Corpus:
    """Distinct texts with the label of their rating, sorted by content hash.

    Parameters
    ----------
    keys : numpy.ndarray
        uint8 [n, 17]: content hash of each text, then its label (0..2, 255: not rated).
    texts : tuple of str
        n texts.
    """

    keys: NDArray[np.uint8]
    texts: tuple[str, ...]

    @classmethod
    def of(cls, rows: pa.Table) -> Corpus:
        """Return the corpus of rows with the columns ``text`` and ``rating``.

        A text that was rated in several ways keeps the label of the lowest rating.
        """
        labels: dict[bytes, int] = {}
        texts: dict[bytes, str] = {}
        ratings = rows["rating"].to_pylist()
        for text, rating in zip(rows["text"].to_pylist(), ratings, strict=True):
            key = content_hash(text)
            label = _UNRATED if rating is None else label_of(rating)
            labels[key] = min(label, labels.get(key, _UNRATED))
            texts[key] = text
        order = sorted(texts)
        data = b"".join(key + bytes([labels[key]]) for key in order)
        keys = np.frombuffer(data, dtype=np.uint8).reshape(-1, HASH_BYTES + 1)
        return cls(keys, tuple(texts[key] for key in order))

    def sample(self, most: int) -> tuple[str, ...]:
        """Return at most so many texts: those with the smallest hashes, an even sample."""
        return self.texts[:most]

    def rated(self, most: int) -> tuple[Rated, ...]:
        """Return at most so many rated texts, an even sample likewise."""
        places = np.flatnonzero(self.keys[:, HASH_BYTES] != _UNRATED)[:most]
        labels = self.keys[places, HASH_BYTES]
        pairs = zip(places.tolist(), labels.tolist(), strict=True)
        return tuple(Rated(self.texts[place], label) for place, label in pairs)

    def identities(self) -> set[bytes]:
        """Return the keys as a set."""
        return {row.tobytes() for row in self.keys}
