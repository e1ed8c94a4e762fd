"""Which customers have probably left, without ever saying so (requirement E24)."""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr.types import Table

from insights.filters import Filters
from insights.finding import Beside, Finding
from insights.findings.customer_value import told
from insights.lifetime.customers import customers
from insights.tables import Tables


def _members(tables: Tables, filters: Filters) -> Table:
    """Return one member a customer, whose value is the chance that they left."""
    found = ibis.memtable(customers(tables, filters).table)
    left, buys = 100 * (1 - _.p_alive), 100 * _.p_buys
    return found.mutate(record_id=_.customer_id, value=left, buys_percent=buys)


CHURN = Finding(
    name="churn",
    title="Customers who have probably left, by probability to be a customer still",
    title_zh="流失概率(按仍活跃概率分档)",
    formula=(
        "100 % less the probability that a customer still is one (p_alive of MBG/NBD, or BG/NBD "
        "if chosen, from how often, how long and how recently they bought; local days with a "
        "purchase, by maximum likelihood); at_risk is the value that would come in the next days "
        "(90 unless configured), were they surely customers, less what is expected; buys is the "
        "expected share with a purchase in those days; then_... is what the model expected, and "
        "what came, of those who were in that row so many days before; BG/NBD takes whoever "
        "bought once to be a customer still, so they have a row of their own"
    ),
    unit="% chance to have left",
    action="Write to those with most at risk, before they are used to another shop.",
    members=_members,
    groups=("band",),
    dimensions=("band", "tenth", "source", "segment"),
    beside={
        "buys": Beside("buys_percent", "mean"),
        "expected_purchases": Beside("expected_purchases", "mean"),
        "at_risk": Beside("value_at_risk", "sum"),
    },
    finish=told,
    chart="bar",
    brief=("count", "mean", "buys", "at_risk", "then_customers", "then_expected_share",
           "then_share", "simulated_share"),
    once=("horizon_days", "auc", "recency_auc", "brier", "share_brier", "error"),
    charted="count",
    filtered_by=("customer", "source", "segment"),
    opened_by=("value_at_risk", "purchases_at_risk"),
)  # fmt: skip
FINDINGS = (CHURN,)
