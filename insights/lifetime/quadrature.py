"""Expectations over a Beta distribution, exact for smooth functions (Gauss-Jacobi quadrature)."""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh_tridiagonal

from insights.lifetime.histories import Floats

NODES = 40


def beta_nodes(a: float, b: float, nodes: int = NODES) -> tuple[Floats, Floats]:
    """Return places in (0, 1) and their weights, float64 [nodes] each, which add up to 1.

    The mean of a function of p, where p is Beta(a, b), is the sum of its values at the places times
    the weights. Golub and Welsch (1969): places are eigenvalues of the matrix of the recurrence of
    Jacobi polynomials, so nothing overflows where a or b is large.

    Raises
    ------
    ValueError
        If a or b is not above 0.
    """
    if not (a > 0 and b > 0):
        raise ValueError(f"Beta(a, b): expected both above 0, got a={a:g}, b={b:g}")
    left, right = a - 1, b - 1  # exponents of p and of 1 - p
    both = left + right
    n = np.arange(1, nodes, dtype=np.float64)
    middle = np.empty(nodes)
    middle[0] = (left - right) / (both + 2)
    middle[1:] = (left**2 - right**2) / ((2 * n + both) * (2 * n + both + 2))
    n = n[1:]
    aside = np.empty(nodes - 1)
    aside[0] = 4 * (1 + left) * (1 + right) / ((2 + both) ** 2 * (3 + both))
    aside[1:] = (4 * n * (n + left) * (n + right) * (n + both)) / (
        (2 * n + both) ** 2 * (2 * n + both + 1) * (2 * n + both - 1)
    )
    places, vectors = eigh_tridiagonal(middle, np.sqrt(aside))
    weights = vectors[0] ** 2
    return np.clip((places + 1) / 2, 0, 1), weights / weights.sum()
