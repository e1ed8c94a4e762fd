"""Late fusion: how much each head counts, and several heads over vectors folded into one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax

from features.text.classifier.heads import FloatArray, IntArray, Linear

_BOUNDS = (-6.0, 6.0)  # of the logarithms of the weights
_EVEN = 1.0  # texts that speak for heads of equal weight, so that 32 do not decide alone


def fused_weights(
    scores: Sequence[FloatArray], labels: IntArray, *, balanced: bool
) -> tuple[float, ...]:
    """Return the weights of heads under which held-out labels are most probable.

    Their ratios fuse the heads and their size is the temperature (Guo et al., "On Calibration of
    Modern Neural Networks", ICML 2017).

    Parameters
    ----------
    scores : sequence of numpy.ndarray
        One array float32 [n, L] a head, of texts that it has not seen.
    labels : numpy.ndarray
        int64 [n], numbers of the true labels.
    balanced : bool
        Whether every class counts the same however many texts it has.
    """
    rows = np.arange(len(labels))
    share = 1.0 / np.bincount(labels)[labels] if balanced else np.full(len(rows), 1.0 / len(rows))
    even = _EVEN / len(rows) * float(share.sum())

    def loss(logs: NDArray[np.float64]) -> float:
        total = sum(np.exp(log) * score for log, score in zip(logs, scores, strict=True))
        surprise = -(share * log_softmax(total, axis=1)[rows, labels]).sum()
        return float(surprise + even * ((logs - logs.mean()) ** 2).sum())

    start = np.zeros(len(scores))
    found = minimize(loss, start, method="L-BFGS-B", bounds=[_BOUNDS] * len(scores))
    return tuple(float(weight) for weight in np.exp(found.x))


def mistaken(
    scores: Sequence[FloatArray], labels: IntArray, *, balanced: bool
) -> NDArray[np.bool_]:
    """Return of which held-out texts the heads, fused at best, get the label wrong: bool [n].

    Parameters are those of :func:`fused_weights`.
    """
    weights = fused_weights(scores, labels, balanced=balanced)
    total = sum(weight * score for weight, score in zip(weights, scores, strict=True))
    return np.asarray(np.argmax(total, axis=1) != labels)


def folded(heads: Sequence[Linear], weights: Sequence[float]) -> Linear:
    """Return one head over features side by side that scores as the weighted sum of these heads.

    Examples
    --------
    >>> one = Linear(np.eye(2, dtype=np.float32), np.ones(2, np.float32))
    >>> both = folded([one, one], [1.0, 0.5])
    >>> both.weights.shape, both.scores(np.array([[1.0, 0.0, 0.0, 2.0]])).tolist()
    ((4, 2), [[2.5, 2.5]])
    """
    pairs = list(zip(heads, weights, strict=True))
    matrix = np.concatenate([weight * head.weights for head, weight in pairs])
    intercept = np.sum([weight * head.intercept for head, weight in pairs], axis=0)
    return Linear(matrix.astype(np.float32), np.asarray(intercept, dtype=np.float32))
