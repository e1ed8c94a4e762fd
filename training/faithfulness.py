"""Are the reasons given the reasons: take away what was named, and see whether the score falls.

DeYoung et al. (2020, "ERASER: A Benchmark to Evaluate Rationalized NLP Models"): comprehensiveness
is the fall of the score without what was named, sufficiency its fall with nothing else left. Both
are held against the same test of something drawn at random from what could have been named: a
reason that does no better than chance is decoration. All falls are in standard deviations of the
customer's scores, so that they compare between models.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

from training.ids import FloatArray, IntArray
from training.metrics import Interval, bootstrap_intervals
from training.models.base import Recommender

Names = Callable[[csr_matrix, IntArray], FloatArray]
"""History [1, n_items] and items [m] to what each stored item of it is said to give, [h, m]."""

_TINY = float(np.finfo(np.float32).tiny)
MEASURES = (
    "comprehensiveness",
    "comprehensiveness of chance",
    "comprehensiveness over chance",
    "sufficiency",
    "sufficiency of chance",
    "sufficiency over chance",
    "named first",
    "error",
)


@dataclass(frozen=True, eq=False)
class Deletions:
    """What happened to the score of each recommendation, a row each, in standard deviations.

    Parameters
    ----------
    rows : DataFrame
        ``customer_id``; ``without`` and ``only``: the fall without what was named, and with
        nothing else; ``without_other`` and ``only_other``: the same of something else, the mean
        over what was drawn; ``first``: whether nothing drawn made the score fall further;
        ``error``: how far the fall was from what the reason claims (NaN where it claims no size).
    """

    rows: pd.DataFrame

    def intervals(self, seed: int = 0) -> dict[str, Interval]:
        """Return the mean over customers of each of ``MEASURES`` with its 95 % interval.

        Over chance: named minus drawn for comprehensiveness, drawn minus named for sufficiency,
        paired by customer: above 0 the reasons are better than chance.
        """
        mean = self.rows.groupby("customer_id", sort=False).mean()
        columns = [
            mean["without"],
            mean["without_other"],
            mean["without"] - mean["without_other"],
            mean["only"],
            mean["only_other"],
            mean["only_other"] - mean["only"],
            mean["first"],
            mean["error"],
        ]
        frame = pd.DataFrame(dict(zip(MEASURES, columns, strict=True)))
        return bootstrap_intervals(frame, seed=seed)


def of_history(
    model: Recommender,
    customers: Sequence[str],
    names: Names,
    *,
    k: int = 5,
    others: int = 10,
    folded_in: bool = False,
    sized: bool = True,
    seed: int = 0,
) -> Deletions:
    """Delete items of the history: the one that ``names`` puts first, and ``others`` drawn.

    Parameters
    ----------
    model : Recommender
        Fitted, and scoring any history.
    customers : sequence of str
        Known customers; those with fewer than two items are left out.
    names : callable
        What is said of the history.
    k : int
        Best items of each customer that are explained.
    others : int
        Most items drawn from the history, without replacement.
    folded_in : bool
        Score everybody as unknown, by history alone: for models whose trained factors of a
        customer are not those of the history.
    sized : bool
        Whether ``names`` claims how much, not only which.
    seed : int
        Of what is drawn.

    Raises
    ------
    ValueError
        If nobody has two items and a recommendation.
    """
    rng = np.random.default_rng(seed)
    numbers = model.customers.numbers(customers)
    found: list[pd.DataFrame] = []
    for customer, number in zip(customers, numbers, strict=True):
        history = model.histories[[number]]
        asked = _Asked(model, "" if folded_in else customer, history)
        best = model.top(
            [asked.customer], k, histories=history if folded_in else None, exclude_seen=True
        )[0].items[0]
        items = best[best >= 0]
        if history.nnz > 1 and len(items):
            rows = _of_customer(asked, items, names(history, items), others, rng)
            found.append(pd.DataFrame(rows).assign(customer_id=customer))
    if not found:
        raise ValueError("deletion test: no customer has two items and a recommendation")
    frame = pd.concat(found, ignore_index=True)
    return Deletions(frame if sized else frame.assign(error=np.nan))


@dataclass(frozen=True, eq=False)
class _Asked:
    """A customer whose history is changed and scored again."""

    model: Recommender
    customer: str
    history: csr_matrix

    def scores(self, histories: csr_matrix) -> FloatArray:
        """Score all items for each of ``histories``; what is not scored has the least of its row.

        An additive model that does not score an item gives it nothing: 0.
        """
        found = self.model.scores([self.customer] * histories.shape[0], histories=histories)
        missing = np.isnan(found)
        least = np.zeros((len(found), 1))
        if not self.model.additive:
            least = np.where(missing, np.inf, found).min(axis=1, keepdims=True)
            least[~np.isfinite(least)] = 0
        return np.where(missing, least, found).astype(np.float32)


def _of_customer(
    asked: _Asked, items: IntArray, spoke: FloatArray, others: int, rng: np.random.Generator
) -> dict[str, NDArray[np.float64]]:
    """Return the rows of one customer: named items and drawn ones taken away, and left alone."""
    size = asked.history.nnz
    drawn = rng.permutation(size)[:others]
    named = spoke.argmax(axis=0)
    tried = np.unique(np.concatenate([drawn, named]))
    kept = list(_changed(asked.history, tried))
    scores = asked.scores(vstack([asked.history, *kept], format="csr"))
    spread = max(float(scores[0].std()), _TINY)
    falls = (scores[0, items] - scores[1:, items]) / spread
    without, only = falls[: len(tried)], falls[len(tried) :]
    place = np.searchsorted(tried, named)
    columns = np.arange(len(items))
    other = np.isin(tried, drawn)[:, None] & (tried[:, None] != named)
    claimed = spoke[named, columns] / spread
    rows = {
        "without": without[place, columns],
        "only": only[place, columns],
        "without_other": mean_where(without, other),
        "only_other": mean_where(only, other),
        "first": (without[place, columns] >= _largest_where(without, other) - 1e-6).astype(float),
        "error": np.abs(claimed - without[place, columns]),
    }
    return {name: values.astype(np.float64) for name, values in rows.items()}


def _changed(history: csr_matrix, tried: NDArray[np.integer]) -> Iterator[csr_matrix]:
    """Yield the history without each of its stored items ``tried``, then with each alone."""
    for alone in (False, True):
        for place in tried:
            keep = (np.arange(history.nnz) == place) == alone
            parts = (history.data[keep], history.indices[keep], [0, int(keep.sum())])
            yield csr_matrix(parts, shape=history.shape)


def mean_where(values: NDArray[np.floating], where: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the mean of each column where ``where`` holds, NaN where nowhere."""
    total, count = np.where(where, values, 0).sum(axis=0), where.sum(axis=0)
    found = np.full(len(count), np.nan)
    np.divide(total, count, out=found, where=count > 0)
    return found


def _largest_where(values: NDArray[np.floating], where: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.asarray(np.where(where, values, -np.inf).max(axis=0), dtype=np.float64)
