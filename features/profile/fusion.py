"""Weighted fusion of behavior, sentiment and topics into one profile vector."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field, validate_call

FloatArray = npt.NDArray[np.float32]
_TOLERANCE = 1e-6

Share = Annotated[float, Field(ge=0, le=1)]


class WeightedFusion:
    """``P = alpha h_B + beta h_C + gamma h_T`` in item space, so ``P . item_vector`` is a score.

    Every block is a unit vector or missing. **Missing blocks**: their weight is shared out over the
    blocks that are there, in proportion: with no texts, ``P = h_B``. Where every block of positive
    weight is missing, there is no profile (a row of zeros, reported as absent).

    Parameters
    ----------
    alpha, beta, gamma : float
        Weights of behavior, sentiment and topics: each in [0, 1], sum 1 (within 1e-6).

    Raises
    ------
    ValueError
        If a weight is outside [0, 1] or they do not sum to 1.

    Examples
    --------
    >>> fusion = WeightedFusion(alpha=0.5, beta=0.5, gamma=0.0)
    >>> one, other = np.eye(2, dtype=np.float32)[:, None, :]
    >>> fusion.fuse(one, other, np.zeros((1, 2), dtype=np.float32)).tolist()
    [[0.5, 0.5]]
    """

    @validate_call
    def __init__(self, *, alpha: Share = 0.6, beta: Share = 0.25, gamma: Share = 0.15) -> None:
        total = alpha + beta + gamma
        if abs(total - 1.0) > _TOLERANCE:
            raise ValueError(
                f"fusion weights must sum to 1: received alpha={alpha} + beta={beta} + "
                f"gamma={gamma} = {total:g}; change one of them by {1.0 - total:+g}"
            )
        self.alpha, self.beta, self.gamma = alpha, beta, gamma

    @property
    def weights(self) -> tuple[float, float, float]:
        """Weights of behavior, sentiment and topics."""
        return self.alpha, self.beta, self.gamma

    def fuse(self, behavior: FloatArray, sentiment: FloatArray, topic: FloatArray) -> FloatArray:
        """Return profile vectors.

        Parameters
        ----------
        behavior, sentiment, topic : numpy.ndarray
            float32 ``[n, width]`` unit rows; zero rows are missing blocks.

        Returns
        -------
        numpy.ndarray
            float32 ``[n, width]``; zero rows where there is no profile.
        """
        blocks = np.stack([behavior, sentiment, topic], axis=1).astype(np.float32)
        shares = self.shares(np.any(blocks != 0, axis=2))
        return np.asarray(np.einsum("nb,nbw->nw", shares, blocks), dtype=np.float32)

    def shares(self, present: npt.NDArray[np.bool_]) -> FloatArray:
        """Return the weights used where blocks are present ``[n, 3]``; rows sum to 1 or 0."""
        weights = present * np.array(self.weights, dtype=np.float64)
        total = weights.sum(axis=1, keepdims=True)
        shared = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
        return np.asarray(shared, dtype=np.float32)
