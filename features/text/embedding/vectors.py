"""Sentence vectors that several analyzers read: computed once a text, wherever they run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.text.codec import float_column
from features.text.embedding.embed import WIDTH, Embedder

FloatArray = NDArray[np.float32]
Vectors = Callable[[Sequence[str]], FloatArray]


@dataclass(frozen=True)
class SideBySide:
    """Vectors of several encoders side by side; who learns from them may take each by itself.

    Parameters
    ----------
    encoders : tuple of callable
        Each gives the sentence vectors float32 [n, its width] of n texts.

    Raises
    ------
    ValueError
        If there is no encoder.
    """

    encoders: tuple[Vectors, ...]

    def __post_init__(self) -> None:
        """Check that there is an encoder."""
        if not self.encoders:
            raise ValueError("sentence vectors: expected one encoder or more, got none")

    def __call__(self, texts: Sequence[str]) -> FloatArray:
        """Return float32 [n, sum of the widths], one row a text."""
        return np.hstack([encoder(texts) for encoder in self.encoders])


class SharedVectors:
    """The encoder of texts that remembers; itself the analyzer ``embedding``.

    Other analyzers call it for the vectors of the same batch. It forgets when it is pickled, so
    that analyzers travel to other processes without the vectors of texts.

    Parameters
    ----------
    encoder : Embedder
        Asked only for texts that are not remembered.
    """

    name = Embedder.name
    schema = Embedder.schema

    def __init__(self, encoder: Embedder) -> None:
        self._encoder = encoder
        self._known: dict[str, FloatArray] = {}
        self.version = encoder.version

    def remember(self, texts: Sequence[str], vectors: FloatArray) -> None:
        """Take these vectors float32 [n, 512], and forget all others."""
        self._known = dict(zip(texts, vectors, strict=True))

    def __call__(self, texts: Sequence[str]) -> FloatArray:
        """Return float32 [n, 512], one row a text, each of length 1."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._known]
        if missing:
            self._known |= dict(zip(missing, self._encoder.vectors(missing), strict=True))
        found = [self._known[text] for text in texts]
        return np.stack(found) if found else np.zeros((0, WIDTH), dtype=np.float32)

    def analyze(self, texts: Sequence[str]) -> pa.Table:
        """Return the column ``embedding``."""
        return pa.table({"embedding": float_column(self(texts))}, schema=self.schema)

    def __getstate__(self) -> dict[str, Any]:
        """Return everything but what is remembered."""
        return self.__dict__ | {"_known": {}}


def shared(vectors: SharedVectors) -> SharedVectors:
    """Return what analyzers share, for the registry: it is one of them."""
    return vectors
