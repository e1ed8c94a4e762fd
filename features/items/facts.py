"""Behavior facts of items as of a time, as one Ibis expression."""

from __future__ import annotations

from ibis import _
from ibis.expr.types import Table

from features.behavior.pairs import item_prices
from features.behavior.tables import DAY, BehaviorTables


def item_behavior(
    tables: BehaviorTables, known_pairs: Table, as_of: int, active_days: float
) -> Table:
    """Return one row per item acted on within ``active_days`` before ``as_of``.

    ``price`` and ``price_quantile``: see :func:`features.behavior.pairs.item_prices`.
    ``repeat_rate``: share of the item's customers who came back to it on a later day (0..1).

    Parameters
    ----------
    tables : BehaviorTables
        Prepared tables.
    known_pairs : ibis Table
        Result of :func:`features.behavior.pairs.pairs` for the same ``as_of``.
    as_of : int
        Epoch seconds.
    active_days : float
        Items without an act in so many days are left out.

    Returns
    -------
    ibis Table
        item_id, category, brand, price, price_quantile, purchases_7d, purchases_28d, purchases,
        customers_28d, repeat_rate.
    """
    again = (_.last / DAY).floor() > (_.first / DAY).floor()
    sold = (
        known_pairs.group_by("item")
        .agg(
            purchases_7d=_.n_7.sum(),
            purchases_28d=_.n_28.sum(),
            purchases=_.n.sum(),
            customers_28d=(_.n_28 > 0).sum(),
            repeat_rate=again.cast("int64").mean(),
            last=_.last.max(),
        )
        .filter(_.last >= as_of - int(active_days * DAY))
        .drop("last")
    )
    catalog = tables.items.select("item", "item_id", "category", "brand")
    prices = item_prices(tables, known_pairs)
    return sold.inner_join(catalog, "item").left_join(prices, "item").drop("item_right")
