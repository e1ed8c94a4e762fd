"""The customers of a business with what is expected of each, and how far that was off before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd
import pyarrow as pa
from ibis import _
from ibis.expr.types import Table

from insights.filters import Filters, microseconds
from insights.findings.members import purchases
from insights.lifetime.estimate import Models, bands, estimated, tenths
from insights.lifetime.histories import Floats, Places, fold
from insights.lifetime.holdout import Held
from insights.tables import Tables

NOT_MEASURED = "not measured: too little is known from before the days that are held out"
_DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Customers:
    """Estimates of every customer who bought.

    Parameters
    ----------
    table : pyarrow.Table
        customer_id, source, simulated, at (of the last purchase of all, microseconds), purchases
        (days with one), first_bought, last_bought (local dates), what
        :func:`~insights.lifetime.estimate.estimated` returns, tenth (1 the highest clv, or
        expected purchases without values) and band (of p_alive).
    models : Models
        As fitted on all of them.
    held : Held, optional
        What was expected of those known at the cutoff; None where nothing could be fitted then.
    groups : DataFrame
        ``tenth`` and ``band`` of the customers of ``held``, as they were at the cutoff.
    """

    table: pa.Table
    models: Models
    held: Held | None
    groups: pd.DataFrame

    @property
    def error(self) -> str:
        """How far expected purchases were off in the days held out, in words."""
        if self.held is None:
            return NOT_MEASURED
        found, own = self.held.columns(), self.held.mae("expected")
        return (
            f"of {self.held.customers} customers in the days held out, purchases expected over "
            f"real {found['expected_to_real']:.2f}, mean absolute error {own.value:.3f} "
            f"[{own.low:.3f}, {own.high:.3f}] (same rate as so far {found['rate_mae']:.3f}, "
            f"recency rule {found['recency_mae']:.3f}), root mean squared {found['rmse']:.3f} "
            f"({found['rate_rmse']:.3f}, {found['recency_rmse']:.3f}), rank correlation "
            f"{found['rank_correlation']:.2f} (same rate {found['rate_rank_correlation']:.2f})"
        )


def customers(tables: Tables, filters: Filters) -> Customers:
    """Return the customers as known at the end of the range, computed anew when records change.

    Raises
    ------
    ValueError
        If too few bought on two days or more.
    """
    mark = (filters.until, filters.zone, tables.settings.lifetime)
    return tables.once("lifetimes", mark, lambda: _customers(tables, filters))


def daily(rows: Table, filters: Filters) -> Table:
    """Return purchases with the local ``day`` of each, in days since 1970."""
    local = filters.local(rows.at).epoch_seconds().cast("int64")
    return rows.mutate(day=(local // _DAY_SECONDS).cast("int64"))


def _customers(tables: Tables, filters: Filters) -> Customers:
    wanted = tables.settings.lifetime
    rows = daily(purchases(tables), filters)
    if filters.until is not None:
        rows = rows.filter(_.at < microseconds(filters.until))
    rows = rows.cache()
    last = rows.aggregate(at=_.at.max().fill_null(0), day=_.day.max().fill_null(0)).to_pandas()
    at, end = int(last["at"][0]), int(last["day"][0])
    known = _folded(rows, end)
    models = Models.fit(known, wanted)
    told = estimated(known, models, wanted)
    held, groups = _held(rows, end, tables)
    table = _table(known, told, _grouped(known, told, models), at)
    return Customers(table, models, held, groups)


def _folded(rows: Table, end: int, later: int | None = None) -> pd.DataFrame:
    return cast("pd.DataFrame", fold(rows, end, later).order_by("customer_id").to_pandas())


def _held(rows: Table, end: int, tables: Tables) -> tuple[Held | None, pd.DataFrame]:
    """Estimate what was known at the cutoff and lay it beside what came."""
    wanted = tables.settings.lifetime
    known = _folded(rows, end - wanted.horizon_days, end)
    if (known["frequency"] > 0).sum() < wanted.least_repeaters:
        return None, pd.DataFrame({"tenth": [], "band": []})
    models = Models.fit(known, wanted)
    told = estimated(known, models, wanted)
    return Held.of(known, told, wanted.horizon_days), _grouped(known, told, models)


def _grouped(known: pd.DataFrame, told: dict[str, Floats], models: Models) -> pd.DataFrame:
    worth = told["expected_purchases"] if models.spending is None else told["clv"]
    frequency = known["frequency"].to_numpy(np.float64)
    return pd.DataFrame({"tenth": tenths(worth), "band": bands(told["p_alive"], frequency, models)})


def _table(known: pd.DataFrame, told: dict[str, Floats], groups: pd.DataFrame, at: int) -> pa.Table:
    columns = {
        "customer_id": known["customer_id"],
        "source": known["source"],
        "simulated": known["simulated"],
        "at": np.full(len(known), at),
        "purchases": known["frequency"].astype("int64") + 1,
        "first_bought": _dates(known["first_day"].to_numpy(np.int64)),
        "last_bought": _dates(known["last_day"].to_numpy(np.int64)),
        "spent_a_purchase": known["value"],
        **told,
        "tenth": groups["tenth"],
        "band": groups["band"],
    }
    return pa.table({name: pa.array(column, from_pandas=True) for name, column in columns.items()})


def _dates(days: Places) -> np.ndarray:
    """Return days since 1970 as ``2026-03-02``."""
    return np.datetime_as_string(days.astype("datetime64[D]")).astype(object)
