"""The default protocol: learn from everything known before a moment, predict the window after."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

import pandas as pd
from pydantic import PositiveInt, validate_call

from training.interactions import Interactions
from training.splits.base import Split, distinct_pairs, live_catalog


class GlobalTemporal:
    """Split at one moment for everybody, optionally at several rolling moments.

    Train holds rows with ``available_at < cutoff`` (and ``occurred_at < cutoff``); test holds the
    distinct pairs with ``cutoff <= occurred_at < cutoff + window``.

    Parameters
    ----------
    cutoff : datetime, list of datetime, or "latest"
        The newest cutoff, or all of them, UTC if they name no zone. ``"latest"``: so that the
        window ends at the midnight after the last event.
    window_days : int
        Length of the test window in days.
    rolling : int
        Number of cutoffs; each next one lies one window earlier. 1 where all are listed.
    min_customers_per_item : int
        Items need this many distinct customers in train to be in train, test and catalog.
    known_customers : bool
        Whether test keeps only customers that occur in train. Items must always occur in train.

    Raises
    ------
    ValueError
        If a list of cutoffs is empty or repeats one, or comes with ``rolling``.
    """

    @validate_call
    def __init__(
        self,
        *,
        cutoff: datetime | list[datetime] | Literal["latest"] = "latest",
        window_days: PositiveInt = 30,
        rolling: PositiveInt = 1,
        min_customers_per_item: PositiveInt = 1,
        known_customers: bool = True,
    ) -> None:
        if isinstance(cutoff, list) and (len(set(cutoff)) < max(len(cutoff), 1) or rolling > 1):
            raise ValueError(
                "global_temporal.cutoff: expected one or more different times and rolling=1, "
                f"received {[f'{each:%Y-%m-%d}' for each in cutoff]} and rolling={rolling}"
            )
        self.cutoff = cutoff
        self.window_days = window_days
        self.rolling = rolling
        self.min_customers_per_item = min_customers_per_item
        self.known_customers = known_customers

    def splits(
        self, interactions: Interactions, availability: pd.DataFrame | None = None
    ) -> list[Split]:
        """Return one split a cutoff, the newest first.

        Raises
        ------
        ValueError
            If a cutoff leaves nothing to learn from or nothing to predict.
        """
        return [self._at(interactions, each, availability) for each in self._cutoffs(interactions)]

    def _cutoffs(self, interactions: Interactions) -> list[datetime]:
        """Return the moments to split at, the newest first."""
        if isinstance(self.cutoff, list):
            return sorted((_utc(each) for each in self.cutoff), reverse=True)
        newest = self._latest(interactions) if self.cutoff == "latest" else _utc(self.cutoff)
        return [newest - i * timedelta(days=self.window_days) for i in range(self.rolling)]

    def _latest(self, interactions: Interactions) -> datetime:
        last = interactions.frame["occurred_at"].max()
        end = last.floor("D") + pd.Timedelta(days=1)
        start: datetime = (end - pd.Timedelta(days=self.window_days)).to_pydatetime()
        return start

    def _at(
        self, interactions: Interactions, cutoff: datetime, availability: pd.DataFrame | None
    ) -> Split:
        name = f"global-{cutoff:%Y-%m-%d}-{self.window_days}d"
        train = interactions.before(cutoff).filtered(
            min_customers_per_item=self.min_customers_per_item
        )
        frame = interactions.frame
        start, end = (
            pd.Timestamp(cutoff),
            pd.Timestamp(cutoff) + pd.Timedelta(days=self.window_days),
        )
        happened = frame["occurred_at"]
        rows = frame[(happened >= start) & (happened < end)]
        catalog = live_catalog(train.items, cutoff, availability)
        rows = rows[rows["item_id"].isin(catalog.ids)]
        if self.known_customers:
            rows = rows[rows["customer_id"].isin(train.customers.ids)]
        if not len(train) or rows.empty:
            raise ValueError(
                f"split {name}: {len(train)} rows to learn from, {len(rows)} to predict; the data "
                f"reaches from {happened.min()} to {happened.max()}: change cutoff or window"
            )
        return Split(train, distinct_pairs(rows), cutoff, name, catalog)


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
