"""One encoder with its linear head, as it was fitted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.text.transformer.encoder import Encoder

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class Member:
    """A fitted encoder and head.

    Parameters
    ----------
    encoder : Encoder
        Its vectors, float32 [n, width].
    weights, bias : numpy.ndarray
        float32 [width, classes] and [classes].
    """

    encoder: Encoder
    weights: FloatArray
    bias: FloatArray

    def scores(self, texts: tuple[str, ...]) -> FloatArray:
        """Return class scores float32 [n, classes]; their softmax is a probability."""
        scores: FloatArray = self.encoder.encode(texts) @ self.weights + self.bias
        return scores
