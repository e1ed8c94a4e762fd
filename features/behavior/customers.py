"""The table ``customer_behavior`` as of a time, as one Ibis expression."""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr.types import Table

from features.behavior.affinity import brand_shares, category_shares
from features.behavior.pairs import item_prices
from features.behavior.settings import BehaviorSettings
from features.behavior.tables import DAY, BehaviorTables


def customer_behavior(
    tables: BehaviorTables, known_pairs: Table, as_of: int, settings: BehaviorSettings
) -> Table:
    """Return one row per customer known before ``as_of``.

    A customer is known from the first event of any kind, or from ``first_seen_at``.

    - ``recency_days``: days since the last act. ``tenure_days``: days since the customer was known.
    - ``purchases_*``, ``spend_*``: number of acts and money paid within so many days; spend is
      null where acts carry no amount (ratings).
    - ``sessions_28d``: sessions with an event in the last 28 days; a pause longer than
      ``session_gap_minutes`` ends a session.
    - ``mean_price``: mean unit price paid. ``price_level``: mean over acts of the item's
      ``price_quantile``, 0 = always the cheapest of its kind, 1 = always the dearest.
    - ``active_days``: days with an act; ``repeat_days``: mean days from one to the next.

    Parameters
    ----------
    tables : BehaviorTables
        Prepared tables.
    known_pairs : ibis Table
        Result of :func:`features.behavior.pairs.pairs` for the same ``as_of``.
    as_of : int
        Epoch seconds; only rows known strictly before are used.
    settings : BehaviorSettings
        Gap, list lengths.
    """
    parts = (
        _totals(known_pairs, as_of),
        _rhythm(tables, as_of),
        _levels(tables, known_pairs),
        _sessions(tables, as_of, settings.session_gap_minutes),
        category_shares(tables, known_pairs, settings.top_categories),
        brand_shares(tables, known_pairs, settings.top_brands),
    )
    rows = _known(tables, as_of)
    for part in parts:
        rows = rows.left_join(part, "customer").drop("customer_right")
    rows = rows.inner_join(tables.customers.select("customer", "customer_id"), "customer")
    counts = ("purchases_7d", "purchases_28d", "purchases_90d", "purchases", "sessions_28d")
    return rows.mutate(**{name: rows[name].fill_null(0) for name in (*counts, "active_days")})


def _known(tables: BehaviorTables, as_of: int) -> Table:
    seen = tables.customers.filter(_.first_seen < as_of).select("customer", at=_.first_seen)
    met = tables.touches.filter(_.known < as_of).select("customer", "at")
    first = seen.union(met).group_by("customer").agg(since=_.at.min())
    return first.select("customer", tenure_days=(_.since - as_of) / -float(DAY))


def _totals(known_pairs: Table, as_of: int) -> Table:
    return known_pairs.group_by("customer").agg(
        recency_days=(_.last.max() - as_of) / -float(DAY),
        purchases_7d=_.n_7.sum(),
        purchases_28d=_.n_28.sum(),
        purchases_90d=_.n_90.sum(),
        purchases=_.n.sum(),
        spend=_.spend.sum(),
        spend_28d=ibis.coalesce(_.spend_28.sum(), _.spend.sum() * 0),
        mean_price=_.price_sum.sum() / _.priced.sum().nullif(0),
    )


def _rhythm(tables: BehaviorTables, as_of: int) -> Table:
    """Days with an act and the mean pause between them."""
    days = (
        tables.acts.filter(_.known < as_of)
        .select("customer", day=(_.at / DAY).floor().cast("int64"))
        .distinct()
    )
    spread = days.group_by("customer").agg(
        active_days=_.count(), first_day=_.day.min(), last_day=_.day.max()
    )
    pause = (_.last_day - _.first_day) / (_.active_days - 1).nullif(0)
    return spread.select("customer", "active_days", repeat_days=pause)


def _levels(tables: BehaviorTables, known_pairs: Table) -> Table:
    prices = item_prices(tables, known_pairs)
    return (
        known_pairs.inner_join(prices, "item")
        .group_by("customer")
        .agg(price_level=(_.price_quantile * _.n).sum() / _.n.sum())
    )


def _sessions(tables: BehaviorTables, as_of: int, gap_minutes: float) -> Table:
    recent = tables.touches.filter((_.known < as_of) & (_.at >= as_of - 28 * DAY))
    ordered = ibis.window(group_by="customer", order_by="at")
    gaps = recent.mutate(pause=_.at - _.at.lag().over(ordered))
    starts = (_.pause.isnull() | (_.pause > int(gap_minutes * 60))).sum()
    return gaps.group_by("customer").agg(sessions_28d=starts)
