"""Windows to tune on: cut from what the oldest test window may learn from, and from nothing else.

Whatever the protocol, each tuning window is a split of the *training part* of the split before it.
The test window, and everything known after it began, is not there to be looked at.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from training.data import Prepared
from training.interactions import Interactions
from training.plan import PlanError
from training.splits import (
    FixedFold,
    GlobalTemporal,
    LeaveLastOut,
    Split,
    Splitter,
    read_availability,
)
from training.splits.base import distinct_pairs

_log = logging.getLogger(__name__)
_SHARE = 0.2  # of a customer's pairs, held out where data carries no time


def tuning_data(prepared: Prepared, splitter: Splitter, windows: int) -> Prepared:
    """Return ``prepared`` as it would be if the test window had not happened yet.

    Parameters
    ----------
    prepared : Prepared
        Data of the experiment with its test splits.
    splitter : Splitter
        What divided it.
    windows : int
        Number of tuning windows.

    Returns
    -------
    Prepared
        Its interactions are those that the oldest test split learns from; its splits, the newest
        first, divide them by the same protocol.

    Raises
    ------
    PlanError
        If the protocol is unknown here.
    ValueError
        If so many windows leave nothing to learn from.
    """
    from ingest.store import Store  # noqa: PLC0415  (Delta costs a moment to import)

    availability = read_availability(Store(prepared.workspace.store))
    splits = tuning_splits(splitter, prepared.splits[-1], windows, availability)
    _log.info("tuning on %s; test begins after them", ", ".join(s.name for s in splits))
    return replace(prepared, interactions=prepared.splits[-1].train, splits=splits, readers={})


def tuning_splits(
    splitter: Splitter, test: Split, windows: int, availability: pd.DataFrame | None = None
) -> list[Split]:
    """Return ``windows`` splits of what ``test`` learns from, the newest first."""
    found: list[Split] = []
    known, cutoff = test.train, test.cutoff
    for number in range(windows):
        if isinstance(splitter, FixedFold):  # no times: repeats of a random division
            found.append(_held_out(test.train, number))
            continue
        one = _before(splitter, cutoff).splits(known, availability)[0]
        found.append(one)
        known, cutoff = one.train, one.cutoff
    return found


def _before(splitter: Splitter, cutoff: datetime | None) -> Splitter:
    """Return the protocol of ``splitter`` for the one window that ends at ``cutoff``."""
    if isinstance(splitter, GlobalTemporal) and cutoff is not None:
        return GlobalTemporal(
            cutoff=cutoff - timedelta(days=splitter.window_days),
            window_days=splitter.window_days,
            min_customers_per_item=splitter.min_customers_per_item,
            known_customers=splitter.known_customers,
        )
    if isinstance(splitter, LeaveLastOut):
        return LeaveLastOut(min_events=splitter.min_events)
    raise PlanError(
        f"split: no tuning windows are known for {type(splitter).__name__}; expected "
        "global_temporal, leave_last_out or fixed_fold"
    )


def _held_out(interactions: Interactions, seed: int) -> Split:
    """Hold out a fifth of the pairs of every customer, at random; the rest is learned from."""
    pairs = interactions.customer_numbers.astype(np.int64) * len(interactions.items)
    keys, rows = np.unique(pairs + interactions.item_numbers, return_inverse=True)
    drawn = np.random.default_rng(seed).random(len(keys))
    owners = keys // len(interactions.items)
    order = np.lexsort((drawn, owners))
    first = np.searchsorted(owners, owners[order])  # keys are in order of their customers
    place = np.empty(len(keys), dtype=np.int64)
    place[order] = np.arange(len(keys)) - first
    held = place < np.floor(_SHARE * np.bincount(owners)[owners] + 0.5)
    train = interactions.where(~held[rows])
    asked = interactions.frame[held[rows]]
    asked = asked[asked["item_id"].isin(train.items.ids)]
    return Split(train, distinct_pairs(asked), None, f"held-out-{seed}", train.items)
