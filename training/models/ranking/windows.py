"""Out-of-time training windows: what was known before each, and what happened inside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from training.interactions import Interactions
from training.models.base import Recommender


@dataclass(frozen=True, eq=False)
class Window:
    """One training window of the ranker.

    Parameters
    ----------
    past : Interactions
        What was known strictly before the window, with the ids of the whole.
    happened : csr_matrix
        Which items each customer chose inside it, float32 [n_customers, n_items] of ones.
    start : datetime
        Begin of the window (UTC).
    events : DataFrame
        The first event of each entry of ``happened``, in order.
    """

    past: Interactions
    happened: csr_matrix
    start: datetime
    events: pd.DataFrame


def windows_of(interactions: Interactions, count: int, days: int) -> list[Window]:
    """Cut the last ``count`` windows of ``days`` days off the end, the newest first.

    Windows before which less than a quarter of the rows is known are left out.
    """
    found = []
    for place in range(1, count + 1):
        start = interactions.until - timedelta(days=days * place)
        end = start + timedelta(days=days)
        frame = interactions.frame
        moment = pd.Timestamp(start)
        known = ((frame["available_at"] < moment) & (frame["occurred_at"] < moment)).to_numpy()
        inside = (frame["occurred_at"] >= moment) & (frame["occurred_at"] < pd.Timestamp(end))
        if known.sum() < len(frame) / 4 or not inside.any():
            break
        past = Interactions(
            frame[known].reset_index(drop=True), interactions.customers, interactions.items, start
        )
        chosen = inside.to_numpy()
        pairs = (interactions.customer_numbers[chosen], interactions.item_numbers[chosen])
        shape = (len(interactions.customers), len(interactions.items))
        happened = csr_matrix((np.ones(chosen.sum(), dtype=np.float32), pairs), shape=shape)
        happened.data[:] = 1
        flat = pairs[0].astype(np.int64) * shape[1] + pairs[1]
        events = frame[chosen].take(np.unique(flat, return_index=True)[1])
        found.append(Window(past, happened, start, events))
    return found


def fresh(sources: Mapping[str, Recommender]) -> dict[str, Recommender]:
    """Return unfitted copies of ``sources``."""
    return {name: type(source)(**source.parameters()) for name, source in sources.items()}
