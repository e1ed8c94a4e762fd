"""What repeated events count for."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.sparse import csr_matrix

Weighting = Literal["count", "binary", "log"]


def weighted(matrix: csr_matrix, weighting: Weighting) -> csr_matrix:
    """Return ``matrix`` (counts) with its values as they are, as 1, or as log(1 + count)."""
    if weighting == "count":
        return matrix
    data = np.ones_like(matrix.data) if weighting == "binary" else np.log1p(matrix.data)
    return csr_matrix((data, matrix.indices, matrix.indptr), shape=matrix.shape)
