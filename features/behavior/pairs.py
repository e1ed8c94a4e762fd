"""One row per customer and item as of a time: every other behavior feature is a sum over these."""

from __future__ import annotations

import math

import ibis
from ibis import _
from ibis.expr.types import Table

from features.behavior.tables import DAY, BehaviorTables


def pairs(tables: BehaviorTables, as_of: int, half_life_days: float) -> Table:
    """Return what each customer did with each item before ``as_of``.

    Only acts with ``known < as_of`` are read.

    Parameters
    ----------
    tables : BehaviorTables
        Prepared tables.
    as_of : int
        Epoch seconds.
    half_life_days : float
        Half-life of an act's weight.

    Returns
    -------
    ibis Table
        customer, item, n, n_7, n_28, n_90 (acts in so many days), spend, spend_28, price_sum,
        priced (acts with a price), weight (sum over acts of ``0.5 ** (age / half_life)``), first,
        last (epoch seconds).
    """
    acts = tables.acts.filter(_.known < as_of)
    age = (_.at - as_of) / -float(DAY)

    def within(days: int) -> ibis.Value:
        return (_.at >= as_of - days * DAY).sum()

    return acts.group_by("customer", "item").agg(
        n=_.count(),
        n_7=within(7),
        n_28=within(28),
        n_90=within(90),
        spend=_.spend.sum(),
        spend_28=_.spend.sum(where=_.at >= as_of - 28 * DAY),
        price_sum=_.price.sum(),
        priced=_.price.count(),
        weight=(age * (-math.log(2.0) / half_life_days)).exp().sum(),
        first=_.at.min(),
        last=_.at.max(),
    )


def item_prices(tables: BehaviorTables, known_pairs: Table, *, smallest: int = 5) -> Table:
    """Return the price of each item as of the pairs' time, and where it lies among its kind.

    The price is the mean price paid so far, else the listed one, rounded to six decimals so that
    the order of summing cannot break a tie. ``price_quantile`` is the share of
    priced items of the same category that are cheaper (``percent_rank``, 0..1); categories with
    fewer than ``smallest`` priced items are compared with all items.

    Returns
    -------
    ibis Table
        item, price, price_quantile.
    """
    paid = known_pairs.group_by("item").agg(
        paid=_.price_sum.sum() / _.priced.sum().nullif(0),
    )
    priced = (
        tables.items.inner_join(paid, "item")
        .select("item", "leaf", price=ibis.coalesce(_.paid, _.listed_price).round(6))
        .filter(_.price.notnull())
    )
    kind = ibis.window(group_by="leaf", order_by="price")
    ranked = priced.mutate(
        among_kind=ibis.percent_rank().over(kind),
        among_all=ibis.percent_rank().over(ibis.window(order_by="price")),
        of_kind=_.count().over(ibis.window(group_by="leaf")),
    )
    quantile = ((_.of_kind >= smallest) & _.leaf.notnull()).ifelse(_.among_kind, _.among_all)
    return ranked.select("item", "price", price_quantile=quantile)
