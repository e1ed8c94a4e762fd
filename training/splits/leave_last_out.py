"""Leave-last-out: each customer's last item is the question. For published tables only.

It looks into the future of other customers; use :class:`GlobalTemporal` to judge a model.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field, PositiveInt, validate_call

from training.interactions import Interactions
from training.splits.base import Split, distinct_pairs, live_catalog


class LeaveLastOut:
    """Hold out one event a customer, counted from the end of their history.

    Parameters
    ----------
    position : int
        1 asks for the last event; 2 for the last but one, hiding the last (for validation).
    min_events : int
        Customers with fewer events than this stay in train and are not asked about.
    """

    @validate_call
    def __init__(
        self, *, position: PositiveInt = 1, min_events: Annotated[int, Field(ge=2)] = 3
    ) -> None:
        self.position = position
        self.min_events = min_events

    def splits(
        self, interactions: Interactions, availability: pd.DataFrame | None = None
    ) -> list[Split]:
        """Return one split; events of a customer at the same time are ordered by item id.

        Raises
        ------
        ValueError
            If no customer has enough events.
        """
        numbers = interactions.customer_numbers  # rows are ordered by customer and time
        lengths = np.bincount(numbers, minlength=len(interactions.customers))
        from_end = np.cumsum(lengths)[numbers] - np.arange(len(numbers))  # 1 = the last
        asked = lengths[numbers] >= max(self.min_events, self.position + 1)
        held_out = asked & (from_end == self.position)
        train = interactions.where(~asked | (from_end > self.position))
        rows = interactions.frame[held_out]
        rows = rows[rows["item_id"].isin(train.items.ids)]
        if rows.empty:
            raise ValueError(
                f"leave-last-out: no customer has {self.min_events} events; lower min_events"
            )
        catalog = live_catalog(train.items, None, availability)
        return [Split(train, distinct_pairs(rows), None, f"leave-last-{self.position}", catalog)]
