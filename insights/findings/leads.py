"""Who wants to buy and has not bought since (requirement N25)."""

from __future__ import annotations

from typing import cast

import pandas as pd
from ibis import _
from ibis.expr.types import Table

from insights.conversations.rows import NOBODY
from insights.filters import Filters, microseconds
from insights.finding import CALENDAR, Finding
from insights.findings.members import purchases
from insights.findings.signals import SIGNALS
from insights.tables import Tables


def _leads(tables: Tables, filters: Filters) -> Table:
    """Return one member a customer who wants to buy and has not bought since."""
    wanted = Filters(since=filters.since, until=filters.until)
    heard = wanted.keep(SIGNALS.members(tables, wanted).filter(_.signal == "purchase_intent"))
    wanting = heard.group_by("customer_id").agg(
        value=1 - (1 - _.score.clip(upper=0.999)).ln().sum().exp(),  # noisy or
        at=_.at.max(),
        intents=_.count(),
        quote=_.evidence.argmax(_.at),
        source=_.source.argmax(_.at),
        simulated=_.simulated.max(),
    )
    bought = purchases(tables).filter(_.at < microseconds(filters.now()))
    bought = bought.group_by("customer_id").agg(bought_at=_.at.max())
    rows = tables.chats.rows.filter(_.agent != NOBODY)
    served = rows.group_by("customer_id").agg(agent=_.agent.argmax(_.last_at))
    known = wanting.left_join(bought, "customer_id").drop("customer_id_right")
    known = known.left_join(served, "customer_id").drop("customer_id_right")
    known = known.mutate(bought_at=_.bought_at.fill_null(0)).filter(_.bought_at < _.at)
    return known.mutate(
        record_id=_.customer_id,
        customer=_.customer_id,
        agent=_.agent.fill_null(NOBODY),
        bought_before=_.bought_at > 0,
    )


def _listed(table: pd.DataFrame, tables: Tables, filters: Filters) -> pd.DataFrame:
    """Put the latest words, how often and who served last beside each customer, surest first."""
    if "customer" not in table:
        return table
    rows = LEADS.rows(tables, filters)
    known = rows.select("customer", "intents", "quote", "agent", "bought_before").to_pandas()
    new = [name for name in known if name == "customer" or name not in table]
    found = table.merge(cast("pd.DataFrame", known)[new], on="customer")
    return found.sort_values(["mean", "customer"], ascending=[False, True], ignore_index=True)


LEADS = Finding(
    name="leads",
    title="Customers who want to buy and have not bought since",
    title_zh="销售线索(有购买意向且尚未购买)",
    formula=(
        "customers with an intent to buy in the range and no purchase after the latest; value is "
        "the chance that one of their texts means it: 1 minus the product of what each leaves "
        "open; counted at the latest text; agent is who served them last"
    ),
    unit="score",
    action="Answer the surest first, with their own words; give each to the agent who knows them.",
    members=_leads,
    groups=("customer",),
    dimensions=(*CALENDAR, "customer", "agent", "source", "segment"),
    filtered_by=("customer", "source", "segment", "agent"),
    finish=_listed,
    chart="bar",
    brief=("mean", "intents", "quote", "agent", "bought_before", "simulated_share"),
    charted="mean",
)
FINDINGS = (LEADS,)
