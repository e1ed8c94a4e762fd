"""Customers whose past is taken away, and items that nobody had yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.ids import IdMap
from training.interactions import Interactions
from training.splits import Split


@dataclass(frozen=True, eq=False)
class Newcomers:
    """Customers as if they came at the cutoff, with what they did first and what came after.

    Parameters
    ----------
    split : Split
        Train does not know them; test holds what they had after their first items.
    clicks : dict of str to list of str
        The first items of each after the cutoff, distinct, in order of time.
    """

    split: Split
    clicks: Mapping[str, Sequence[str]]

    def first(self, count: int) -> dict[str, list[str]]:
        """Return the first ``count`` items of each."""
        return {customer: list(items[:count]) for customer, items in self.clicks.items()}


def newcomers_of(
    split: Split, interactions: Interactions, *, share: float, clicks: int, seed: int
) -> Newcomers:
    """Take the past of some customers of the test window away.

    Whatever number of clicks is shown later, what counts as relevant is the same: everything in
    the window beyond the first ``clicks`` items.

    Parameters
    ----------
    split : Split
        Customers are drawn among those in its test data who have more items than ``clicks``.
    interactions : Interactions
        Everything, also after the cutoff.
    share : float
        Share of these customers.
    clicks : int
        Items at the beginning that are never relevant.
    seed : int
        Of the draw.

    Raises
    ------
    ValueError
        If the split has no moment, or nobody has as many items.
    """
    if split.cutoff is None:
        raise ValueError(
            f"cold start: {split.name} has no moment at which customers could be new; use "
            "split=global_temporal"
        )
    firsts = _firsts(split, interactions, split.cutoff)
    chosen = _drawn(firsts, clicks, share, seed)
    keep = ~np.isin(split.train.frame["customer_id"].to_numpy(dtype=str), chosen)
    train = split.train.where(keep)
    firsts = firsts[firsts["customer_id"].isin(chosen) & firsts["item_id"].isin(train.items.ids)]
    place = firsts.groupby("customer_id").cumcount()
    asked = firsts.loc[place >= clicks, "customer_id"].unique()
    if not len(asked):
        raise ValueError(
            f"cold start: no customer of {split.name} has more than {clicks} items in the window; "
            "show fewer clicks or use a longer window"
        )
    firsts = firsts[firsts["customer_id"].isin(asked)]
    place = firsts.groupby("customer_id").cumcount()
    shown = firsts[place < clicks].groupby("customer_id")["item_id"].agg(list)
    test = firsts.loc[place >= clicks, ["customer_id", "item_id", "value"]]
    name = f"{split.name} newcomers"
    catalog = IdMap(np.intersect1d(split.catalog.ids, train.items.ids))
    left = replace(split, train=train, test=test.reset_index(drop=True), name=name, catalog=catalog)
    return Newcomers(left, {str(customer): items for customer, items in shown.items()})


def new_items_of(split: Split, *, share: float, seed: int) -> tuple[Split, Split]:
    """Take everything that happened to some items away: train knows them by name alone.

    Returns the question which of the new items each customer will have, and the same among all
    items. Items are drawn among those of the catalog; ``share`` and ``seed`` as for newcomers.

    Raises
    ------
    ValueError
        If nobody had any of them in the window.
    """
    catalog = np.sort(split.catalog.ids.astype(str))
    rng = np.random.default_rng(seed)
    size = max(1, round(share * len(catalog)))
    new = rng.choice(catalog, size, replace=False)
    train = split.train
    keep = ~np.isin(train.frame["item_id"].to_numpy(dtype=str), new)
    left = Interactions(
        train.frame[keep].reset_index(drop=True), train.customers, train.items, train.until
    )
    test = split.test[split.test["item_id"].isin(new)].reset_index(drop=True)
    if test.empty:
        raise ValueError(
            f"cold start: nobody had any of {size} items drawn from {split.name} in its window; "
            "raise item_share"
        )
    name = f"{split.name} new items"
    whole = replace(split, train=left, test=test, name=name)
    return replace(whole, catalog=IdMap.of(new.tolist())), whole


def _firsts(split: Split, interactions: Interactions, cutoff: datetime) -> pd.DataFrame:
    """Return the test pairs with the moment of their first event, in order of time."""
    frame = interactions.frame
    after = frame[frame["occurred_at"] >= pd.Timestamp(cutoff)]
    moments = after.groupby(["customer_id", "item_id"], as_index=False)["occurred_at"].min()
    known = split.test.merge(moments, on=["customer_id", "item_id"])
    return known.sort_values(["customer_id", "occurred_at", "item_id"], ignore_index=True)


def _drawn(firsts: pd.DataFrame, clicks: int, share: float, seed: int) -> NDArray[np.str_]:
    """Draw customers among those with more than ``clicks`` items."""
    sizes = firsts.groupby("customer_id", sort=True).size()
    able = sizes.index[sizes > clicks].to_numpy(dtype=str)
    rng = np.random.default_rng(seed)
    return rng.choice(able, max(1, round(share * len(able))), replace=False) if len(able) else able
