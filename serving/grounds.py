"""Find what a recommendation rests on: the customer's own history first, then popularity."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.compute as pc
from scipy.sparse import csr_matrix

from ingest.store import Store
from serving.catalog import Catalog
from serving.reasons import Evidence, Ground
from training.ids import FloatArray, IdMap, IntArray
from training.models.base import Recommender
from training.models.fallback import WithFallback

Contributions = Callable[[IntArray, IntArray], FloatArray]
"""History items [h] and recommended items [m] to how much each spoke for each, float32 [h, m]."""

POPULAR_DAYS = 28
_OFTEN_SHARE = 0.1
_OFTEN_EVENTS = 3
_TOP_SHARE = 0.1
_PROBED_ITEMS = 20_000


class Grounds:
    """Evidence for recommendations of one model.

    Parameters
    ----------
    model : Recommender
        The served model.
    catalog : Catalog
        Items in the model's number order.
    recent : ndarray of float32 [n_items]
        Customers an item had in the last days before the model's as-of time.
    """

    def __init__(self, model: Recommender, catalog: Catalog, recent: FloatArray) -> None:
        self._catalog = catalog
        self._contributions = contributions_of(model)
        self._recent = recent
        self._share_in_category = _share_of_better(recent, catalog.category_codes)
        self._share_overall = _share_of_better(recent, np.zeros(len(recent), dtype=np.int32))
        self._leaf_of_code = np.array(
            [path.rsplit(" > ", 1)[-1] for path in catalog.category_names]
        )

    def evidence(
        self,
        items: IntArray,
        fallback: npt.NDArray[np.bool_],
        had: IntArray,
        counts: FloatArray,
    ) -> list[Evidence]:
        """Return one evidence for every recommended item of one customer.

        Parameters
        ----------
        items : ndarray of int32 [m]
            Recommended item numbers.
        fallback : ndarray of bool [m]
            Whether the fallback recommended it.
        had : ndarray of int32 [h]
            Item numbers of the customer's history.
        counts : ndarray of float32 [h]
            How often each.
        """
        spoke = None
        if len(had) and self._contributions is not None and not fallback.all():
            spoke = self._contributions(had.astype(np.int32), items)
        often = self._often(had, counts)
        found = []
        before = dict(zip(had.tolist(), counts.tolist(), strict=True))
        for place, item in enumerate(items.tolist()):
            if item in before:
                found.append(Evidence(Ground.AGAIN, times=int(before[item])))
                continue
            one = None if fallback[place] else self._own(item, place, had, spoke, often)
            found.append(one or self._popular(item, bool(fallback[place])))
        return found

    def _own(
        self,
        item: int,
        place: int,
        had: IntArray,
        spoke: FloatArray | None,
        often: frozenset[int],
    ) -> Evidence | None:
        if spoke is not None:
            best = int(np.argmax(spoke[:, place]))
            if spoke[best, place] > 0:
                cause = int(had[best])
                simulated = bool(self._catalog.simulated[cause])
                return Evidence(Ground.BECAUSE, self._catalog.titles[cause], simulated=simulated)
        code = int(self._catalog.category_codes[item])
        if code in often:
            return Evidence(Ground.CATEGORY, str(self._leaf_of_code[code]))
        return None

    def _often(self, had: IntArray, counts: FloatArray) -> frozenset[int]:
        """Return the categories that take a good share of a history."""
        if not len(had):
            return frozenset()
        codes = self._catalog.category_codes[had]
        known = codes >= 0
        weights = np.bincount(codes[known], counts[known])
        often = (weights >= _OFTEN_EVENTS) & (weights >= _OFTEN_SHARE * counts.sum())
        return frozenset(np.flatnonzero(often).tolist())

    def _popular(self, item: int, fallback: bool) -> Evidence:
        if self._recent[item] > 0:
            code = int(self._catalog.category_codes[item])
            if code >= 0 and (fallback or self._share_in_category[item] <= _TOP_SHARE):
                return Evidence(Ground.POPULAR_IN, str(self._leaf_of_code[code]))
            if self._share_overall[item] <= _TOP_SHARE:
                return Evidence(Ground.POPULAR)
        return Evidence(Ground.POPULAR if fallback else Ground.SUGGESTED)


def recent_customers(
    store: Store, items: IdMap, kinds: Collection[str], until: datetime
) -> FloatArray:
    """Count the distinct customers of every item in the last 28 days before ``until``."""
    wanted = (
        pc.field("kind").isin(sorted(kinds))
        & pc.field("item_id").is_valid()
        & (pc.field("occurred_at") >= until - timedelta(days=POPULAR_DAYS))
        & (pc.field("available_at") < until)
    )
    rows = store.read("events", ["customer_id", "item_id"], wanted)
    pairs = rows.group_by(["customer_id", "item_id"]).aggregate([])
    numbers = items.numbers(pairs["item_id"].to_pylist(), missing="negative")
    counts = np.bincount(numbers[numbers >= 0], minlength=len(items))
    return counts.astype(np.float32)


def contributions_of(model: Recommender) -> Contributions | None:
    """Return how the model weighs one history item for one recommended item, if that can be told.

    Models that know it offer ``contributions``. For factor models it is the cosine of the items'
    factors; for models that score from a history it is the score of a history of that item alone.
    """
    if isinstance(model, WithFallback):
        return contributions_of(model.primary)
    own = getattr(model, "contributions", None)
    if own is not None:
        return own  # type: ignore[no-any-return]
    pair = model.factors(np.zeros(0, dtype=np.int32), _no_history(model, 0))
    if pair is not None:
        return _by_factors(pair[1]) if pair[1].shape[1] > 1 else None
    if len(model.items) > _PROBED_ITEMS:
        return None
    return lambda had, items: _by_probe(model, had, items)


def _no_history(model: Recommender, n: int) -> csr_matrix:
    return csr_matrix((n, len(model.items)), dtype=np.float32)


def _by_factors(factors: FloatArray) -> Contributions:
    lengths = np.sqrt(np.einsum("ij,ij->i", factors, factors))
    scale = np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)

    def cosine(had: IntArray, items: IntArray) -> FloatArray:
        left = factors[had] * scale[had, None]
        return np.nan_to_num(left @ (factors[items] * scale[items, None]).T)

    return cosine


def _by_probe(model: Recommender, had: IntArray, items: IntArray) -> FloatArray:
    """Score customers nobody knows who had just one item each."""
    ones = np.ones(len(had), dtype=np.float32)
    shape = (len(had), len(model.items))
    alone = csr_matrix((ones, (np.arange(len(had)), had)), shape=shape)
    scores = model.scores([""] * len(had), histories=alone)
    return np.nan_to_num(scores[:, items], nan=0.0)


def _share_of_better(values: FloatArray, groups: IntArray) -> FloatArray:
    """Return the share of its group that is at least as popular as an item (lower is better)."""
    frame = pd.DataFrame({"value": values, "group": groups})
    ranked = frame.groupby("group")["value"].rank(ascending=False, method="min")
    sizes = frame.groupby("group")["value"].transform("size")
    # The first of a small group counts as popular too.
    return np.where(ranked == 1, 0, ranked / sizes).astype(np.float32)
