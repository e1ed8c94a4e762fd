"""Find what a recommendation rests on: what the model leaned on first, and only what is true."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.compute as pc

from ingest.store import Store
from serving.catalog import LEVELS, Catalog
from serving.contributions import contributions_of
from serving.reasons import Evidence, Ground
from training.ids import FloatArray, IdMap, IntArray
from training.models.base import Recommender
from training.models.ranker import Ranker
from training.models.reranking.base import scorer_of

POPULAR_DAYS = 28
_BY_ITSELF = {  # groups whose word is enough
    "demographics": Ground.PEOPLE, "promotions": Ground.PROMOTED, "context": Ground.MOMENT,
}  # fmt: skip
USUAL_ORDER = ("similar", "profile", "behavior", "popularity")
_OFTEN_SHARE = 0.1
_OFTEN_EVENTS = 3
_TOP_SHARE = 0.1
_WORDS = 2


@dataclass(frozen=True)
class Told:
    """What a customer's profile says in words.

    Attributes
    ----------
    words : tuple of str
        Keywords of what the customer wrote, most telling first.
    interests : frozenset of str
        Categories the profile names as interests.
    simulated : bool
        Whether simulated texts are behind it.
    """

    words: tuple[str, ...] = ()
    interests: frozenset[str] = frozenset()
    simulated: bool = False


@dataclass(frozen=True)
class Case:
    """The recommendations of one customer and what is known about the customer.

    Attributes
    ----------
    items : ndarray of int32 [m]
        Recommended item numbers.
    fallback : ndarray of bool [m]
        Whether the fallback recommended it.
    had : ndarray of int32 [h]
        Item numbers of the history.
    counts : ndarray of float32 [h]
        How often each.
    orders : sequence of sequence of str, optional
        For every recommended item, the groups of features that spoke for it, strongest first.
    told : Told
        The profile in words.
    """

    items: IntArray
    fallback: npt.NDArray[np.bool_]
    had: IntArray
    counts: FloatArray
    orders: Sequence[Sequence[str]] | None = None
    told: Told = Told()


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
        self._titles = pd.factorize(np.array(catalog.titles, dtype=object))[0]
        scorer = scorer_of(model)
        promoted = scorer.promoted if isinstance(scorer, Ranker) else None
        self._promoted = np.zeros(len(recent), dtype=bool) if promoted is None else promoted
        self._leaves = [path.rsplit(LEVELS, 1)[-1] for path in catalog.category_names]

    def evidence(self, case: Case) -> list[Evidence]:
        """Return one evidence for every recommended item of one customer."""
        causes = self._causes(case)
        before = dict(zip(case.had.tolist(), case.counts.tolist(), strict=True))
        fallback = case.fallback.tolist()
        found = []
        for place, item in enumerate(case.items.tolist()):
            if item in before:
                found.append(Evidence(Ground.AGAIN, times=int(before[item])))
            elif fallback[place]:
                found.append(self._popular(item, strict=False) or Evidence(Ground.POPULAR))
            else:
                order = case.orders[place] if case.orders else USUAL_ORDER
                made = (self._of_group(group, item, causes[place], case) for group in order)
                best = next((one for one in made if one is not None), None)
                found.append(best or Evidence(Ground.SUGGESTED))
        return found

    def _of_group(self, group: str, item: int, cause: int, case: Case) -> Evidence | None:
        """Return the evidence a group of features gives, None where it would not be true."""
        if group == "similar" and cause >= 0:
            simulated = bool(self._catalog.simulated[cause])
            return Evidence(Ground.BECAUSE, self._catalog.titles[cause], simulated=simulated)
        if group == "popularity":
            return self._popular(item, strict=True)
        if group in _BY_ITSELF and (group != "promotions" or self._promoted[item]):
            return Evidence(_BY_ITSELF[group])
        return self._of_profile(group, item, case)

    def _of_profile(self, group: str, item: int, case: Case) -> Evidence | None:
        """Return the evidence that a group of the customer's profile gives."""
        told = case.told
        if group in {"sentiment", "topic"} and told.words:
            words = ", ".join(told.words[:_WORDS])
            return Evidence(Ground.WORDS, words, simulated=told.simulated)
        code = int(self._catalog.category_codes[item])
        leaf = self._leaves[code] if code >= 0 else ""
        if group == "behavior" and leaf and self._is_frequent(code, case):
            return Evidence(Ground.CATEGORY, leaf)
        if group == "profile" and leaf and leaf in told.interests:
            return Evidence(Ground.INTEREST, leaf)
        return None

    def _causes(self, case: Case) -> list[int]:
        """Return the history item that spoke most for each recommended item; -1 where none did.

        Items of the same title are passed over: "because you bought eggs" explains no eggs.
        """
        if not len(case.had) or self._contributions is None or case.fallback.all():
            return [-1] * len(case.items)
        spoke = self._contributions(case.had, case.items)
        other = self._titles[case.had][:, None] != self._titles[case.items]
        spoke = np.where(other, spoke, 0)
        best = np.argmax(spoke, axis=0)
        causes = np.where(spoke[best, np.arange(len(case.items))] > 0, case.had[best], -1)
        found: list[int] = causes.tolist()
        return found

    def _is_frequent(self, code: int, case: Case) -> bool:
        """Return whether a category takes a good share of a history."""
        if not len(case.had):
            return False
        share = case.counts[self._catalog.category_codes[case.had] == code].sum()
        return bool(share >= _OFTEN_EVENTS and share >= _OFTEN_SHARE * case.counts.sum())

    def _popular(self, item: int, strict: bool) -> Evidence | None:
        """Return that an item is popular; strictly: among the most popular of its category."""
        if not self._recent[item] > 0:
            return None
        code = int(self._catalog.category_codes[item])
        if code >= 0 and (not strict or self._share_in_category[item] <= _TOP_SHARE):
            return Evidence(Ground.POPULAR_IN, self._leaves[code])
        if not strict or self._share_overall[item] <= _TOP_SHARE:
            return Evidence(Ground.POPULAR)
        return None


def told_of(profile: Mapping[Any, Any]) -> Told:
    """Return what a row of profile features says in words; missing features say nothing."""
    words, interests = (profile.get(name) for name in ("keywords", "interests"))
    share = profile.get("simulated_share")
    return Told(
        words=tuple(words) if isinstance(words, list) else (),
        interests=frozenset(interests) if isinstance(interests, list) else frozenset(),
        simulated=isinstance(share, float | np.floating) and bool(share > 0),
    )


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


def _share_of_better(values: FloatArray, groups: IntArray) -> FloatArray:
    """Return the share of its group that is at least as popular as an item (lower is better)."""
    frame = pd.DataFrame({"value": values, "group": groups})
    ranked = frame.groupby("group")["value"].rank(ascending=False, method="min")
    sizes = frame.groupby("group")["value"].transform("size")
    # The first of a small group counts as popular too.
    return np.where(ranked == 1, 0, ranked / sizes).astype(np.float32)
