"""Who customers are: age, income, household, or whatever a business keeps of them as attributes.

Attributes are taken as they come. Numbers and ranges ("35-44", "50-74K", "5+") are numbers, other
values a column each of the most frequent ones. To trees that order the items of one customer, an
attribute alone says nothing; what counts is its affinity: how much more often customers with this
value have the item, or items of its kind, than all customers of whom the attribute is known.

**What is known when.** Affinities count only what happened before the moment they are computed for.
The tables keep one value of an attribute, the latest, and no time at which it was told: it counts
from the moment its customer was first seen, never before, and where that is not said from the first
event. A value that was corrected later is therefore seen as it is now.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.ids import FloatArray, IntArray
from training.models.ranking.candidates import Candidates
from training.models.ranking.items import ItemState
from training.models.ranking.named import Arrays, below, under
from training.models.ranking.ordinals import number_of
from training.models.ranking.past import Past
from training.models.ranking.records import attributes_behind

if TYPE_CHECKING:
    from features.store.reader import FeatureReader

ITEM = "item"
_LEVEL = "leaf"
_ATTRIBUTES = 8  # at most: those known of most customers
_VALUES = 10  # of one attribute that are told apart
_SHOWN = 5  # values of a word-like attribute with a column of their own
_HOLDERS = 5  # customers a value needs
_NUMERIC = 0.8  # share of the known values that must be numbers
_PRIOR = 20.0  # customers as usual that every item is given beside its own


@dataclass(frozen=True, eq=False)
class Demographics:
    """Attributes of customers and whom items attract, as of one moment.

    Parameters
    ----------
    shown : dict of str to ndarray float32 [n]
        Columns that show the attributes, NaN where unknown.
    codes : dict of str to ndarray int32 [n]
        Number of the customer's value of each attribute, -1 unknown.
    lifts : dict of str to dict of str to ndarray float32 [groups, values]
        By ``item`` and kind of item, and by attribute: the logarithm of how much more often
        customers with a value have it than customers do; 0 is as usual.
    """

    shown: Mapping[str, FloatArray]
    codes: Mapping[str, IntArray]
    lifts: Mapping[str, Mapping[str, FloatArray]]

    @classmethod
    def of(
        cls,
        ids: Sequence[str],
        until: datetime,
        past: Past,
        items: ItemState,
        features: FeatureReader | None,
    ) -> Self | None:
        """Read what is known of customers ``ids`` (the rows of ``past``) at ``until``; or None."""
        known = _known(attributes_behind(features), ids, until, past)
        shown: dict[str, FloatArray] = {}
        codes: dict[str, IntArray] = {}
        for name, column in _usable(known).items():
            columns, coded = _encoded(column)
            if coded.max() < 1:
                continue  # fewer than two values tell nobody apart
            shown |= {f"attribute_{_plain(name)}{end}": each for end, each in columns.items()}
            codes[_plain(name)] = coded
        if not codes:
            return None
        groups = {ITEM: np.arange(past.n_items, dtype=np.int32)}
        if _LEVEL in items.levels:
            groups[_LEVEL] = items.levels[_LEVEL]
        lifts = {
            level: {name: _lifts(past, group, coded) for name, coded in codes.items()}
            for level, group in groups.items()
        }
        return cls(shown, codes, lifts)

    def take(self, numbers: IntArray) -> Demographics:
        """Return the rows ``numbers`` of customers; -1 gives one of whom nothing is known."""

        def rows(values: NDArray[Any], unknown: float) -> NDArray[Any]:
            return np.where(numbers < 0, values.dtype.type(unknown), values[numbers])

        return Demographics(
            {name: rows(each, np.nan) for name, each in self.shown.items()},
            {name: rows(each, -1) for name, each in self.codes.items()},
            self.lifts,
        )

    def columns(self, pairs: Candidates, items: ItemState) -> dict[str, FloatArray]:
        """Return attributes and affinities of ``pairs``; their rows are rows of this."""
        found = {name: values[pairs.rows] for name, values in self.shown.items()}
        for level, lifts in self.lifts.items():
            groups = pairs.items if level == ITEM else items.levels[level][pairs.items]
            total, count = np.zeros((2, len(pairs)), dtype=np.float32)
            for name, table in lifts.items():
                codes = self.codes[name][pairs.rows]
                known = codes >= 0
                lift = np.where(known, table[groups, codes], np.float32(np.nan))
                found[f"{level}_affinity_{name}"] = lift
                total += np.where(known, lift, 0)
                count += known
            mean = np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
            found[f"{level}_affinity"] = mean
        return found

    def arrays(self) -> Arrays:
        """Return the state as named arrays."""
        found = under("shown.", self.shown) | under("codes.", self.codes)
        for level, lifts in self.lifts.items():
            found |= under(f"lifts.{level}.", lifts)
        return found

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]]) -> Self | None:
        """Take over what :meth:`arrays` returned; None where there was nothing."""
        if not arrays:
            return None
        lifts = {level: below(arrays, f"lifts.{level}.") for level in (ITEM, _LEVEL)}
        there = {level: each for level, each in lifts.items() if each}
        return cls(below(arrays, "shown."), below(arrays, "codes."), there)


def _known(told: pd.DataFrame, ids: Sequence[str], until: datetime, past: Past) -> pd.DataFrame:
    """Return a column an attribute, a row a customer of ``ids``; None where not known yet."""
    here = told.reindex(list(ids))
    seen = pd.to_datetime(here["first_seen_at"], utc=True)
    acted = np.diff(past.indptr) > 0
    open_ = (seen < pd.Timestamp(until)).to_numpy() | (seen.isna().to_numpy() & acted)
    rows = [
        each if is_open and isinstance(each, dict) else {}
        for each, is_open in zip(here["attributes"], open_, strict=True)
    ]
    names = sorted({name for row in rows for name in row})
    return pd.DataFrame({name: [row.get(name) for row in rows] for name in names}, dtype=object)


def _usable(known: pd.DataFrame) -> dict[str, pd.Series[Any]]:
    """Return the attributes that can tell customers apart, those known of most first.

    Lists and maps are left out, and texts that nearly everybody has another of: names, addresses,
    numbers of telephones.
    """
    found = {}
    for name in known:
        column = known[name].dropna()
        plain = column[[isinstance(each, str | int | float) for each in column]]
        texts = plain[[isinstance(each, str) for each in plain]]
        if len(plain) and texts.nunique() <= len(plain) / 2:
            found[str(name)] = plain.reindex(known.index)
    order = sorted(found, key=lambda name: (-found[name].notna().sum(), name))
    return {name: found[name] for name in order[:_ATTRIBUTES]}


def _encoded(column: pd.Series[Any]) -> tuple[dict[str, FloatArray], IntArray]:
    """Return columns that show an attribute by the end of their name, and its codes."""
    numbers = np.array([number_of(each) for each in column], dtype=np.float32)  # None is NaN
    known = column.notna().to_numpy()
    if (~np.isnan(numbers)).sum() >= _NUMERIC * known.sum():
        return {"": numbers}, _binned(numbers)
    texts = column[known].astype(str)
    counts = texts.value_counts()
    counts = counts[counts >= _HOLDERS]
    kept = sorted(counts.index, key=lambda each: (-counts[each], each))[:_VALUES]
    codes = np.full(len(column), -1, dtype=np.int32)
    codes[known] = pd.Index(kept).get_indexer(pd.Index(texts))
    shown = {
        f"_{_plain(value)}": np.where(known, codes == place, np.float32(np.nan)).astype(np.float32)
        for place, value in enumerate(kept[:_SHOWN])
    }
    return shown, codes


def _binned(numbers: FloatArray) -> IntArray:
    """Return the place of each number among at most ten ranges that as many have; -1 unknown."""
    known = ~np.isnan(numbers)
    distinct = np.unique(numbers[known])
    if len(distinct) > _VALUES:
        shares = np.linspace(0, 1, _VALUES + 1)[1:-1]
        distinct = np.unique(np.quantile(numbers[known], shares))
        codes = np.searchsorted(distinct, numbers, side="right")
    else:
        codes = np.searchsorted(distinct, numbers)
    return np.where(known, codes, -1).astype(np.int32)


def _lifts(past: Past, groups: IntArray, codes: IntArray) -> FloatArray:
    """Return the log-lift of each group of items for each value, smoothed."""
    owner = codes[past.owners]
    known = owner >= 0
    size, n_groups = int(codes.max()) + 1, int(groups.max(initial=0)) + 1
    flat = groups[past.items][known].astype(np.int64) * size + owner[known]
    counts = np.bincount(flat, minlength=n_groups * size).reshape(n_groups, size)
    usual = (counts.sum(axis=0) + 1) / (counts.sum() + size)
    whole = counts.sum(axis=1, keepdims=True)
    lifts: FloatArray = np.log((counts + _PRIOR * usual) / (whole + _PRIOR) / usual)
    return lifts.astype(np.float32)


def _plain(name: str) -> str:
    """Return a name that trees take for a column: letters, digits and underscores."""
    return re.sub(r"\W+", "_", str(name)).strip("_") or "none"
