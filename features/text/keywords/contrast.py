"""What sets one collection of texts apart from the others: weighted log-odds of its words.

Monroe, Colaresi and Quinn, "Fightin' Words: Lexical Feature Selection and Evaluation for
Identifying the Content of Political Conflict", Political Analysis 2008: log-odds with an
informative Dirichlet prior (the words of all texts), divided by their standard error, so that
neither rare words nor frequent ones win by their number alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST = 500.0  # words that the prior weighs as much as, ...
_SHARE = 0.05  # ... or, where that is less, this share of all there are


def log_odds(counts: Floats, *, prior: float | None = None) -> tuple[Floats, Floats]:
    """Return how much more likely each word is in each group than in all others together.

    Parameters
    ----------
    counts : numpy.ndarray
        float64 [G, V], how often each of V words is in each of G groups.
    prior : float, optional
        Weight of the prior, in words; by default one in twenty of all counted, 500 at most.

    Returns
    -------
    tuple of numpy.ndarray
        float64 [G, V] each: the log-odds ratio, and its z-score. Zeros where there is one group.

    Examples
    --------
    >>> ratio, z = log_odds(np.array([[30.0, 5.0], [5.0, 30.0]]), prior=10)
    >>> bool(z[0, 0] > 3), bool(z[0, 1] < -3)
    (True, True)
    """
    if len(counts) < 2:  # noqa: PLR2004 (nothing to compare with)
        return np.zeros_like(counts), np.zeros_like(counts)
    everywhere = counts.sum(axis=0)
    if prior is None:
        prior = min(MOST, max(1.0, _SHARE * float(everywhere.sum())))
    expected = prior * everywhere / max(1.0, everywhere.sum())
    rest = everywhere - counts
    ratio = _odds(counts, expected, prior) - _odds(rest, expected, prior)
    variance = 1 / (counts + expected) + 1 / (rest + expected)
    return ratio, ratio / np.sqrt(variance)


def _odds(counts: Floats, expected: Floats, prior: float) -> Floats:
    total = counts.sum(axis=1, keepdims=True) + prior
    rest = np.maximum(total - counts - expected, 1e-12)
    return np.asarray(np.log(counts + expected) - np.log(rest))
