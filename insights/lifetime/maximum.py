"""Maximum likelihood from several starts: the best of what was found."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import minimize

from insights.lifetime.histories import Floats

_BOUNDS = (-9.0, 12.0)  # of each logarithm
_EXACT = {"ftol": 1e-13, "gtol": 1e-8, "maxiter": 1000}


def parameters(
    cost: Callable[[Floats], tuple[float, Floats]],
    starts: Sequence[Sequence[float]],
    what: str,
) -> list[float]:
    """Return the positive parameters of the lowest cost, by L-BFGS-B in their logarithms.

    Parameters
    ----------
    cost : callable
        Logarithms of the parameters to what is to be low, and its slope in them.
    starts : sequence of sequence of float
        Parameters to begin from.
    what : str
        What has such parameters, for the error.

    Raises
    ------
    ValueError
        If no start leads anywhere.
    """
    ends = [
        minimize(cost, np.log(start), jac=True, method="L-BFGS-B",
                 bounds=[_BOUNDS] * len(start), options=_EXACT)
        for start in starts
    ]  # fmt: skip
    known = [end for end in ends if np.isfinite(end.fun)]
    if not known:
        raise ValueError(f"no parameters found of {what}")
    found: list[float] = np.exp(min(known, key=lambda end: float(end.fun)).x).tolist()
    return found
