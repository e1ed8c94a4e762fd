"""What each customer will yet be worth (requirement E24)."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table

from insights.filters import Filters
from insights.finding import Beside, Finding
from insights.lifetime.customers import customers
from insights.tables import Tables


def _members(tables: Tables, filters: Filters) -> Table:
    """Return one member a customer, whose value is the discounted value of purchases to come."""
    found = customers(tables, filters)
    if found.models.spending is None:
        raise ValueError(
            "customer_value needs purchases with a value (value, or price and quantity) of "
            f"{tables.settings.lifetime.least_repeaters} customers on two days or more; load them, "
            "or look at `churn`, which needs no values"
        )
    return ibis.memtable(found.table).mutate(record_id=_.customer_id, value=_.clv)


def told(table: pd.DataFrame, tables: Tables, filters: Filters) -> pd.DataFrame:
    """Add horizon, discount rate and the error of the days held out to every row.

    Where rows are tenths of value or bands of p_alive, the customers who were in them at the
    cutoff stand beside them, with what was expected of them and what they did.
    """
    found, wanted = customers(tables, filters), tables.settings.lifetime
    table = table.assign(
        horizon_days=wanted.horizon_days,
        discount_rate=wanted.discount_rate,
        error=found.error,
    )
    if found.held is None:
        return table
    own = [name for name in ("tenth", "band") if name in table.columns]
    others = set(table.columns[: list(table.columns).index("count")]) - {"tenth", "band"}
    if own and not others:
        then = found.groups.assign(
            then_customers=1,
            then_expected=found.held.expected,
            then_bought=found.held.came,
            then_expected_share=100 * found.held.buys,
            then_share=np.where(found.held.came > 0, 100.0, 0.0),
        )
        how = {name: "mean" for name in then if str(name).startswith("then_")}
        rows = then.groupby(own).agg(how | {"then_customers": "sum"}).reset_index()
        table = table.merge(rows, "left", on=own)
    return table.assign(**found.held.columns())


CUSTOMER_VALUE = Finding(
    name="customer_value",
    title="Expected value of customers, by tenth of value",
    title_zh="客户价值(CLV,按价值十分位)",
    formula=(
        "value of the purchases expected of a customer in the next days (90 unless configured), "
        "discounted month by month (10 % a year), in the money of the purchases: probability to "
        "be a customer still x purchases then (MBG/NBD, or BG/NBD if chosen, Fader, Hardie and "
        "Lee 2005, by maximum likelihood) x value of a purchase (Gamma-Gamma, Fader and Hardie "
        "2013); purchases of one local day are one, returns are not taken off; known is what was "
        "bought before `until`, counted at the last purchase of all; tenth 1 holds the most "
        "valuable tenth of all customers; then_... is what the model expected, and what came, of "
        "those who were in that row so many days before"
    ),
    unit="money",
    action="Keep the first tenths: serve them first, and spend on no customer more than their CLV.",
    members=_members,
    groups=("tenth",),
    dimensions=("tenth", "band", "source", "segment"),
    beside={
        "total": Beside("clv", "sum"),
        "p_alive": Beside("p_alive", "mean"),
        "expected_purchases": Beside("expected_purchases", "mean"),
    },
    finish=told,
    chart="bar",
    brief=("count", "p_alive", "expected_purchases", "mean", "total", "then_expected",
           "then_bought", "simulated_share"),
    once=("horizon_days", "discount_rate", "error"),
    charted="mean",
    filtered_by=("customer", "source", "segment"),
    opened_by=("value",),
)  # fmt: skip
FINDINGS = (CUSTOMER_VALUE,)
