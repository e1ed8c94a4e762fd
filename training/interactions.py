"""Who acted on what and when: the frozen, validated input of every model."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training.ids import IdMap, IntArray
from training.interaction_rows import COLUMNS, MICROSECONDS, cast_rows, read_events, told_kinds

if TYPE_CHECKING:
    from ingest.store import Store

_TIMES = ("occurred_at", "available_at")


@dataclass(frozen=True, eq=False)
class Interactions:
    """Interactions of customers with items, known strictly before one moment.

    Build with :meth:`of` or :meth:`from_store`; the constructor only checks.

    Parameters
    ----------
    frame : DataFrame
        One row an event, ordered by customer, time, item: ``customer_id``, ``item_id`` (text),
        ``occurred_at``, ``available_at`` (UTC microseconds), ``value`` (rating or amount; NaN where
        unknown), ``quantity`` (NaN where unknown), for data with fixed files ``fold``, and where
        events name it ``channel`` (None where unknown).
    customers, items : IdMap
        All ids; ``items`` may hold items nobody has touched yet.
    until : datetime
        The as-of time (UTC): every row has ``available_at < until``.

    Raises
    ------
    ValueError
        If a column is missing, a time is not UTC, or a row was known only at or after ``until``.
    """

    frame: pd.DataFrame
    customers: IdMap
    items: IdMap
    until: datetime

    def __post_init__(self) -> None:
        if self.until.tzinfo is None:
            raise ValueError(f"until: expected a time with a zone (UTC), received {self.until}")
        missing = [name for name in COLUMNS if name not in self.frame.columns]
        if missing:
            raise ValueError(
                f"interactions: missing columns {missing}, received {list(self.frame.columns)}"
            )
        for name in _TIMES:
            dtype = self.frame[name].dtype
            if str(dtype) != MICROSECONDS:
                raise ValueError(f"interactions.{name}: expected {MICROSECONDS}, received {dtype}")
        known = self.frame["available_at"]
        if len(known) and known.max() >= pd.Timestamp(self.until):
            late = int((known >= pd.Timestamp(self.until)).sum())
            raise ValueError(
                f"interactions: {late} rows were known only at or after {self.until.isoformat()}; "
                "a model that sees them sees the future. Filter with .before(until)"
            )

    @classmethod
    def of(
        cls,
        frame: pd.DataFrame,
        *,
        until: datetime | None = None,
        customers: IdMap | None = None,
        items: IdMap | None = None,
    ) -> Interactions:
        """Cast, order and wrap ``frame``; optional columns are filled in.

        ``available_at`` defaults to ``occurred_at``, ``value`` and ``quantity`` to NaN, ``until``
        to one microsecond after the last row was known, the maps to the ids that occur.

        Raises
        ------
        ValueError
            If ids or times are missing, or an id is not in a map that was given.
        """
        ready = cast_rows(frame)
        customers = customers or IdMap.of(ready["customer_id"])
        items = items or IdMap.of(ready["item_id"])
        rows = customers.numbers(ready["customer_id"].to_numpy())
        columns = items.numbers(ready["item_id"].to_numpy())
        order = np.lexsort((columns, ready["occurred_at"].astype("int64").to_numpy(), rows))
        ready = ready.iloc[order].reset_index(drop=True)
        if until is None:
            latest = ready["available_at"].max() if len(ready) else pd.Timestamp(0, tz="UTC")
            until = latest.to_pydatetime() + timedelta(microseconds=1)
        return cls(ready, customers, items, until)._numbered(rows[order], columns[order])

    @classmethod
    def from_store(
        cls,
        store: Store,
        *,
        kinds: Sequence[str],
        before: datetime | None = None,
        sources: Sequence[str] | None = None,
        min_customers_per_item: int = 1,
    ) -> Interactions:
        """Read events of ``kinds`` that name an item from the canonical tables.

        Parameters
        ----------
        store : Store
            The canonical tables.
        kinds : sequence of str
            Event kinds that count as an interaction, e.g. ``["purchase"]``.
        before : datetime, optional
            As-of time: only rows with ``available_at < before``.
        sources : sequence of str, optional
            Keep only rows of these sources.
        min_customers_per_item : int
            Drop items that fewer distinct customers acted on; 1 keeps all.

        Raises
        ------
        ValueError
            If nothing is left, naming the kinds that were asked for.
        """
        frame = read_events(store, kinds, before, sources)
        if frame.empty:
            raise ValueError(
                f"no events of kind {list(kinds)} in {store.root}, {told_kinds(store)}; load a "
                "source with `python -m ingest`, or choose data=purchases, ratings or views"
            )
        found = cls.of(frame, until=before)
        return found.filtered(min_customers_per_item=min_customers_per_item)

    @cached_property
    def customer_numbers(self) -> IntArray:
        """Inside number of each row's customer, int32 [rows]."""
        return self.customers.numbers(self.frame["customer_id"].to_numpy())

    @cached_property
    def item_numbers(self) -> IntArray:
        """Inside number of each row's item, int32 [rows]."""
        return self.items.numbers(self.frame["item_id"].to_numpy())

    def __len__(self) -> int:
        return len(self.frame)

    def csr(self, values: Literal["count", "binary", "value"] = "count") -> csr_matrix:
        """Return the matrix float32 [n_customers, n_items].

        ``count``: number of events; ``binary``: 1 where there is any; ``value``: mean of the known
        values (ratings).

        Raises
        ------
        ValueError
            If ``value`` is asked for and no row has one.
        """
        shape = (len(self.customers), len(self.items))
        keep = np.ones(len(self), dtype=bool)
        data = np.ones(len(self), dtype=np.float32)
        if values == "value":
            keep = self.frame["value"].notna().to_numpy()
            data = self.frame["value"].to_numpy(dtype=np.float32)
            if not keep.any():
                raise ValueError("interactions.csr('value'): no row has a value; use 'count'")
        rows, columns = self.customer_numbers[keep], self.item_numbers[keep]
        matrix = csr_matrix((data[keep], (rows, columns)), shape=shape, dtype=np.float32)
        if values == "value":
            matrix.data /= csr_matrix((np.ones_like(data[keep]), (rows, columns)), shape=shape).data
        matrix.sort_indices()
        if values == "binary":
            matrix.data[:] = 1.0
        return matrix

    def before(self, when: datetime) -> Interactions:
        """Return what was known, and had happened, strictly before ``when``."""
        moment = pd.Timestamp(when)
        known = (self.frame["available_at"] < moment) & (self.frame["occurred_at"] < moment)
        return self.where(known.to_numpy(), until=when)

    def where(self, keep: NDArray[np.bool_], *, until: datetime | None = None) -> Interactions:
        """Return the rows where ``keep`` (bool [rows]) holds; ids that vanish leave the maps."""
        rows, columns = self.customer_numbers[keep], self.item_numbers[keep]
        customers, items = np.unique(rows), np.unique(columns)
        found = Interactions(
            self.frame[keep].reset_index(drop=True),
            IdMap(self.customers.ids[customers]),
            IdMap(self.items.ids[items]),
            until or self.until,
        )
        return found._numbered(
            np.searchsorted(customers, rows).astype(np.int32),
            np.searchsorted(items, columns).astype(np.int32),
        )

    def _numbered(self, rows: IntArray, columns: IntArray) -> Interactions:
        """Remember numbers that are already known, which spares looking up every id again."""
        self.__dict__.update(customer_numbers=rows, item_numbers=columns)
        return self

    def filtered(self, *, min_customers_per_item: int = 1) -> Interactions:
        """Drop items that fewer than ``min_customers_per_item`` distinct customers acted on."""
        if min_customers_per_item <= 1:
            return self
        support = np.bincount(self.csr("binary").indices, minlength=len(self.items))
        return self.where((support >= min_customers_per_item)[self.item_numbers])

    @cached_property
    def digest(self) -> str:
        """SHA-256 of ids, pairs, times and values: equal contents give equal digests."""
        digest = hashlib.sha256(self.until.isoformat().encode())
        for ids in (self.customers.ids, self.items.ids):
            digest.update("\n".join(ids).encode())
        for numbers in (self.customer_numbers, self.item_numbers):
            digest.update(numbers.tobytes())
        for name in _TIMES:
            digest.update(self.frame[name].astype("int64").to_numpy().tobytes())
        digest.update(self.frame["value"].to_numpy(dtype=np.float64).tobytes())
        return digest.hexdigest()
