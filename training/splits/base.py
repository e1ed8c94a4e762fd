"""What every split returns, and the catalog that was live when the question was asked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd

from training.ids import IdMap
from training.interactions import Interactions

if TYPE_CHECKING:
    from ingest.store import Store

TEST_COLUMNS = ("customer_id", "item_id", "value")


@dataclass(frozen=True, eq=False)
class Split:
    """One division of interactions.

    Parameters
    ----------
    train : Interactions
        What a model may see.
    test : DataFrame
        ``customer_id``, ``item_id``, ``value`` (mean of the known values, e.g. a rating): the
        distinct pairs that happened in the test period.
    cutoff : datetime or None
        Moment that separates the two; None where every customer has their own.
    name : str
        Protocol and parameters, readable: ``global-2017-11-01-30d``.
    catalog : IdMap
        Items that may be recommended: those in ``train`` that were live at the cutoff.

    Raises
    ------
    ValueError
        If test pairs repeat, or the training data reaches past the cutoff.
    """

    train: Interactions
    test: pd.DataFrame
    cutoff: datetime | None
    name: str
    catalog: IdMap

    def __post_init__(self) -> None:
        if missing := [name for name in TEST_COLUMNS if name not in self.test.columns]:
            raise ValueError(f"split {self.name}: test lacks columns {missing}")
        if self.test.duplicated(["customer_id", "item_id"]).any():
            raise ValueError(f"split {self.name}: test pairs repeat; expected distinct pairs")
        if self.cutoff is not None and self.train.until > self.cutoff:
            raise ValueError(
                f"split {self.name}: train reaches until {self.train.until.isoformat()}, past the "
                f"cutoff {self.cutoff.isoformat()}"
            )

    @cached_property
    def hash(self) -> str:
        """SHA-256 of train, test and catalog: equal contents give equal hashes."""
        digest = hashlib.sha256(self.train.digest.encode())
        digest.update(f"{self.cutoff}".encode())
        for values in (self.test["customer_id"], self.test["item_id"], self.catalog.ids):
            digest.update("\n".join(values).encode())
        digest.update(self.test["value"].to_numpy(dtype=np.float64).tobytes())
        return digest.hexdigest()


class Splitter(Protocol):
    """Anything that divides interactions into one or several splits, the newest first."""

    def splits(
        self, interactions: Interactions, availability: pd.DataFrame | None = None
    ) -> list[Split]:
        """Divide ``interactions``; ``availability`` as of :func:`read_availability`."""
        ...


def read_availability(store: Store) -> pd.DataFrame:
    """Read when each item could be had: ``item_id``, ``available_from``, ``available_until``."""
    columns = ["item_id", "available_from", "available_until"]
    frame: pd.DataFrame = store.read("items", columns=columns).to_pandas()
    return frame


def live_catalog(items: IdMap, cutoff: datetime | None, availability: pd.DataFrame | None) -> IdMap:
    """Return the ``items`` that could be had at ``cutoff``; missing times do not restrict."""
    if availability is None or cutoff is None or availability.empty:
        return items
    moment = pd.Timestamp(cutoff)
    start = pd.to_datetime(availability["available_from"], utc=True)
    end = pd.to_datetime(availability["available_until"], utc=True)
    gone = availability["item_id"][(start > moment) | (end <= moment)]
    return IdMap(items.ids[~np.isin(items.ids.astype(str), gone.to_numpy(dtype=str))])


def distinct_pairs(rows: pd.DataFrame) -> pd.DataFrame:
    """Collapse events into distinct (customer, item) pairs with their mean known value."""
    pairs = rows.groupby(["customer_id", "item_id"], sort=True)["value"].mean()
    return pairs.reset_index()[list(TEST_COLUMNS)]
