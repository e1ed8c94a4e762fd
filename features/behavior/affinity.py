"""Which categories and brands a customer's recent acts fall into, as shares."""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr.types import Table

from features.behavior.tables import BehaviorTables


def category_shares(tables: BehaviorTables, known_pairs: Table, top: int) -> Table:
    """Return each customer's largest category shares, recency-decayed.

    Shares are taken at two levels, the full path (leaf) and the first level, and each level sums
    to 1 over the acts that have a category. Categories of one level are listed once.

    Returns
    -------
    ibis Table
        customer, category_names (largest first, at most ``top``), category_shares.
    """
    placed = _weights(tables, known_pairs, "leaf", "top")
    leaves = placed.group_by("customer", code=_.leaf).agg(part=_.weight.sum())
    tops = placed.filter(_.top != _.leaf).group_by("customer", code=_.top)
    parts = leaves.union(tops.agg(part=_.weight.sum()))
    return _largest(tables, parts, _total(placed), top, "category")


def brand_shares(tables: BehaviorTables, known_pairs: Table, top: int) -> Table:
    """Return each customer's largest brand shares: customer, brand_names, brand_shares."""
    branded = _weights(tables, known_pairs, "label")
    parts = branded.select("customer", "weight", code=_.label).group_by("customer", "code")
    return _largest(tables, parts.agg(part=_.weight.sum()), _total(branded), top, "brand")


def _weights(tables: BehaviorTables, known_pairs: Table, code: str, *more: str) -> Table:
    """Weight by customer and code: one small table that the rest is summed from."""
    joined = known_pairs.inner_join(tables.items, "item").filter(_[code].notnull())
    return joined.group_by("customer", code, *more).agg(weight=_.weight.sum())


def _total(placed: Table) -> Table:
    return placed.group_by("customer").agg(total=_.weight.sum())


def _largest(tables: BehaviorTables, parts: Table, total: Table, top: int, kind: str) -> Table:
    shares = parts.inner_join(total, "customer").filter(_.total > 0)
    shares = shares.select("customer", "code", share=_.part / _.total)
    order = [ibis.desc("share"), ibis.asc("code")]
    place = ibis.row_number().over(ibis.window(group_by="customer", order_by=order))
    kept = shares.mutate(place=place).filter(_.place < top).inner_join(tables.names, "code")
    return kept.group_by("customer").agg(
        **{
            f"{kind}_names": _.name.collect(order_by=_.place),
            f"{kind}_shares": _.share.cast("float32").collect(order_by=_.place),
        }
    )
