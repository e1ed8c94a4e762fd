"""What items are chosen when and where: hour, weekday and channel as features of a pair.

An item that is chosen in the evening twice as often as items are on the whole has a lift of 2 for
these hours. Trees learn what such a lift is worth from choices in the training windows: every item
that was chosen stands in the situation it was chosen in, every other candidate in a situation the
same customer was in, drawn at random. What depends on the customer or the hour alone is then alike
in both, and only what connects the item with the situation tells them apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import orjson
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray
from training.interactions import Interactions
from training.models.context import Context
from training.models.ranking.named import Arrays, below, under

_SIZES = {"hour": 24, "weekday": 7}
_PRIOR = 20.0  # events in the usual situations that every item is given beside its own


@dataclass(frozen=True, eq=False)
class Situations:
    """Hour, weekday and channel of each of n pairs, -1 where unknown.

    Parameters
    ----------
    codes : dict of str to ndarray of int32, shape [n]
        ``hour`` 0 to 23, ``weekday`` 0 (Monday) to 6, ``channel`` in numbers of the habits.
    """

    codes: Mapping[str, IntArray]

    def take(self, places: NDArray[np.integer], known: NDArray[np.bool_]) -> Situations:
        """Return the situations at ``places``, unknown where not ``known`` (bool [places])."""
        return Situations(
            {name: np.where(known, each[places], -1) for name, each in self.codes.items()}
        )


@dataclass(frozen=True, eq=False)
class Habits:
    """In which situations items are chosen, as of one moment.

    Parameters
    ----------
    channels : tuple of str
        Names of the channels, ascending; empty where events name none.
    lifts : dict of str to ndarray of float32, shape [n_items, codes]
        How often an item is chosen at this hour, on this weekday, through this channel, in terms
        of all items; 1 is as usual.
    """

    channels: tuple[str, ...]
    lifts: Mapping[str, FloatArray]

    @classmethod
    def of(cls, interactions: Interactions) -> Self:
        """Count the situations of all events."""
        named = interactions.frame.get("channel", pd.Series(dtype=object)).dropna()
        found = cls(tuple(sorted(named.astype(str).unique())), {})
        sizes = _SIZES | ({"channel": len(found.channels)} if found.channels else {})
        codes = found.of_events(interactions.frame).codes
        items, n_items = interactions.item_numbers, len(interactions.items)
        lifts = {n: _lifts(items, codes[n], n_items, size) for n, size in sizes.items()}
        return cls(found.channels, lifts)

    def of_events(self, events: pd.DataFrame) -> Situations:
        """Return the situations of ``events``, in order."""
        times = events["occurred_at"].dt
        codes = {"hour": times.hour.to_numpy(), "weekday": times.weekday.to_numpy()}
        if self.channels:
            codes["channel"] = pd.Index(self.channels).get_indexer(pd.Index(events["channel"]))
        return Situations({name: each.astype(np.int32) for name, each in codes.items()})

    def of_request(self, context: Context, n: int) -> Situations:
        """Return the situation of ``context``, ``n`` times."""
        codes = {"hour": context.hour, "weekday": context.weekday}
        if self.channels:
            known = context.channel in self.channels
            codes["channel"] = self.channels.index(str(context.channel)) if known else -1
        return Situations({k: np.full(n, code, dtype=np.int32) for k, code in codes.items()})

    def columns(self, items: IntArray, asked: Situations) -> dict[str, FloatArray]:
        """Return code and lift of each of ``items`` [n] in its situation; NaN where unknown."""
        found = {}
        for name, lifts in self.lifts.items():
            codes = asked.codes[name]
            unknown = codes < 0
            found[f"asked_{name}"] = np.where(unknown, np.nan, codes).astype(np.float32)
            values = lifts[items, np.maximum(codes, 0)]
            found[f"asked_{name}_lift"] = np.where(unknown, np.float32(np.nan), values)
        return found

    def arrays(self) -> Arrays:
        """Return the habits as named arrays."""
        names = np.frombuffer(orjson.dumps(self.channels), dtype=np.uint8)
        return {"channels": names, **under("lifts.", self.lifts)}

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Take over what :meth:`arrays` returned."""
        return cls(tuple(orjson.loads(arrays["channels"].tobytes())), below(arrays, "lifts."))


def chosen_or_drawn(
    happened: csr_matrix,
    rows: IntArray,
    items: IntArray,
    rng: np.random.Generator,
    unknown: float,
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Say for pairs which entry of ``happened`` lends its situation, and whether it is told.

    Parameters
    ----------
    happened : csr_matrix [n, n_items]
        What each customer chose, at least one item each.
    rows, items : ndarray of int32, shape [pairs]
        The pairs.
    unknown : float
        Share of the customers whose situation is not told, for requests without any.

    Returns
    -------
    tuple of ndarray, shape [pairs]
        The pair's own entry, or one of the same customer at random; False where it is not told.
    """
    n_items = happened.shape[1]
    sizes = np.diff(happened.indptr)
    keys = np.repeat(np.arange(len(sizes), dtype=np.int64), sizes) * n_items + happened.indices
    wanted = rows.astype(np.int64) * n_items + items
    own = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    drawn = happened.indptr[rows] + (rng.random(len(rows)) * sizes[rows]).astype(np.int64)
    told = rng.random(len(sizes)) >= unknown
    return np.where(keys[own] == wanted, own, drawn), told[rows]


def _lifts(items: IntArray, codes: IntArray, n_items: int, size: int) -> FloatArray:
    """Return how much more often each item is met with each code than items are, smoothed."""
    known = codes >= 0
    flat = items[known].astype(np.int64) * size + codes[known]
    counts = np.bincount(flat, minlength=n_items * size).reshape(n_items, size).astype(np.float64)
    usual = (counts.sum(axis=0) + 1) / (counts.sum() + size)
    whole = counts.sum(axis=1, keepdims=True)
    lifts: FloatArray = ((counts + _PRIOR * usual) / (whole + _PRIOR) / usual).astype(np.float32)
    return lifts
