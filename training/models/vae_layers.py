"""The encoder and decoder of a fitted MultVAE in NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags

from training.ids import FloatArray

State = Mapping[str, NDArray[Any]]


def unit_rows(matrix: csr_matrix) -> csr_matrix:
    """Return a binary ``matrix`` with rows of length 1; an empty one stays empty."""
    counts = np.maximum(np.diff(matrix.indptr), 1)
    return (diags(1 / np.sqrt(counts), dtype=np.float32) @ matrix).tocsr().astype(np.float32)


def encoded(state: State, histories: csr_matrix) -> FloatArray:
    """Return the last hidden layer of binary ``histories`` and a 1: float32 [n, hidden + 1].

    Its dot product with ``state["items"]`` is the logit of an item. The code is its mean, no draw.
    """
    hidden = np.tanh(unit_rows(histories) @ state["first"] + state["first_bias"])
    code = hidden @ state["mean"] + state["mean_bias"]
    found = np.ones((len(code), state["decoder"].shape[1] + 1), dtype=np.float32)
    found[:, :-1] = np.tanh(code @ state["decoder"] + state["decoder_bias"])
    return found
