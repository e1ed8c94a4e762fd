"""Are the groups of features that a ranker names its reasons: swap one's values, and see."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.faithfulness import Deletions, mean_where
from training.ids import FloatArray
from training.models.ranker import Ranker

_TINY = float(np.finfo(np.float32).tiny)


def of_groups(
    ranker: Ranker,
    customers: Sequence[str],
    *,
    k: int = 5,
    draws: int = 20,
    shuffled: bool = False,
    seed: int = 0,
) -> Deletions:
    """Delete groups of features: the one that gave most, and each of the others.

    A group is deleted by putting in the values that it has for recommendations drawn at random,
    ``draws`` times; the fall is the mean over them, in standard deviations of the scores of all
    recommendations asked about. ``shuffled`` names a random group instead: a
    control that must do no better than chance.
    """
    rng = np.random.default_rng(seed)
    numbers, rows = ranker.rows_of(customers)
    items = ranker.top(customers, k)[0].items
    matrix, known = ranker.examined(numbers, rows, items)
    place, _ = np.nonzero(known)
    table, booster = matrix[known], ranker.booster
    parts = booster.contributions(table)
    owners = np.array([booster.owners[name] for name in booster.columns])
    groups = [name for name in sorted(parts) if (owners == name).any()]
    given = np.stack([parts[name] for name in groups], axis=1)
    if shuffled:
        given = rng.permuted(given, axis=1)
    score = booster.score(table)
    spread = max(float(score.std()), _TINY)
    background = rng.integers(0, len(table), size=(draws, len(table)))
    without, only = np.zeros((2, len(table), len(groups)))
    for drawn in background:
        for column, name in enumerate(groups):
            taken = owners == name
            without[:, column] += score - booster.score(np.where(taken, table[drawn], table))
            only[:, column] += score - booster.score(np.where(taken, table, table[drawn]))
    frame = _frame(given, without / draws / spread, only / draws / spread)
    asked = np.array(customers, dtype=object)[place]
    return Deletions(frame.assign(customer_id=asked, error=np.nan))


def _frame(
    given: FloatArray, without: NDArray[np.float64], only: NDArray[np.float64]
) -> pd.DataFrame:
    """Return rows of recommendations from the falls [n, groups] of all groups."""
    named, rows = given.argmax(axis=1), np.arange(len(given))
    other = (np.arange(given.shape[1]) != named[:, None]).T
    return pd.DataFrame(
        {
            "without": without[rows, named],
            "only": only[rows, named],
            "without_other": mean_where(without.T, other),
            "only_other": mean_where(only.T, other),
            "first": (without[rows, named] >= without.max(axis=1)).astype(float),
        }
    )
