"""The distinct texts that transforms are fitted on, in an order that only their content decides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.text.base import HASH_BYTES, content_hash
from features.text.sentiment.analyzer import Rated
from features.text.sentiment.data import label_of

_UNRATED = 255


@dataclass(frozen=True)
class Corpus:
    """Distinct texts with the label of their rating, sorted by content hash.

    Only the samples asked for are in memory; of all the others there is the hash.

    Parameters
    ----------
    keys : numpy.ndarray
        uint8 [n, 17]: content hash of each text, then its label (0..2, 255: not rated).
    texts : tuple of str
        The texts with the smallest hashes, an even sample, always the same.
    rated : tuple of Rated
        The rated texts with the smallest hashes, likewise.
    """

    keys: NDArray[np.uint8]
    texts: tuple[str, ...]
    rated: tuple[Rated, ...]

    @classmethod
    def of(cls, tables: Iterable[pa.Table], *, texts: int, rated: int) -> Corpus:
        """Return the corpus of tables with the columns ``text`` and ``rating``.

        A text that was rated in several ways keeps the label of the lowest rating.

        Parameters
        ----------
        tables : iterable of pyarrow.Table
            Read once, one after another.
        texts, rated : int
            Most texts, and rated texts, to sample.
        """
        keys = bytearray()
        everything, with_rating = _Smallest(texts), _Smallest(rated)
        for table in tables:
            rows = zip(table["text"].to_pylist(), table["rating"].to_pylist(), strict=True)
            for text, rating in rows:
                key = content_hash(text)
                label = _UNRATED if rating is None else label_of(rating)
                keys += key + bytes([label])
                everything.add(key, text, label)
                if label != _UNRATED:
                    with_rating.add(key, text, label)
        return cls(
            _distinct(keys),
            tuple(text for text, _ in everything.found()),
            tuple(Rated(text, label) for text, label in with_rating.found()),
        )


def identities(keys: NDArray[np.uint8]) -> NDArray[np.bytes_]:
    """Return rows of bytes [n, width] as one value each."""
    return np.ascontiguousarray(keys).view(f"S{keys.shape[1]}").ravel()


class _Smallest:
    """Keeps the texts with the smallest hashes, and the lowest label of each."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: dict[bytes, tuple[str, int]] = {}

    def add(self, key: bytes, text: str, label: int) -> None:
        known = self._found.get(key)
        self._found[key] = (text, label if known is None else min(label, known[1]))
        if len(self._found) > 2 * self._most:
            self._found = {key: self._found[key] for key in sorted(self._found)[: self._most]}

    def found(self) -> list[tuple[str, int]]:
        return [self._found[key] for key in sorted(self._found)[: self._most]]


def _distinct(keys: bytearray) -> NDArray[np.uint8]:
    """Return the keys sorted, of those with the same hash the one with the lowest label."""
    rows = np.frombuffer(bytes(keys), dtype=np.uint8).reshape(-1, HASH_BYTES + 1)
    if not len(rows):
        return rows
    _, first = np.unique(identities(rows), return_index=True)
    rows = rows[first]
    hashes = identities(rows[:, :HASH_BYTES])
    distinct: NDArray[np.uint8] = rows[np.concatenate([[True], hashes[1:] != hashes[:-1]])]
    return distinct
