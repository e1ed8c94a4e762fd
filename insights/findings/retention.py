"""Who buys again, month after month (requirement E24)."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import ibis
from ibis import _
from ibis.expr.types import Table, Value

from insights.filters import Filters
from insights.finding import Finding
from insights.findings.members import purchases, share
from insights.tables import Tables

_YEAR = 12


def _month(local: Value) -> Value:
    """Return the number of a local month: twelve times the year, and the months before it."""
    return local.year().cast("int64") * _YEAR + local.month().cast("int64") - 1


def _members(tables: Tables, filters: Filters) -> Table:
    """Return one member a customer and whole month since their first purchase."""
    rows = purchases(tables)
    rows = rows.mutate(month=_month(filters.local(rows.at)))
    mine = rows.group_by("customer_id").agg(
        at=_.at.min(),
        first=_.month.min(),
        source=_.source.argmin(_.at),
        simulated=_.source.startswith("simulated").max(),
    )
    months = mine.mutate(
        months_after=ibis.range(mine.first, _end(rows, filters)).unnest() - mine.first,
        cohort=(_.first // _YEAR).cast("string")
        + "-"
        + (_.first % _YEAR + 1).cast("string").lpad(2, "0"),
    )
    months = months.mutate(month=_.first + _.months_after)
    active = rows.select("customer_id", "month", again=ibis.literal(True)).distinct()
    found = months.left_join(active, ["customer_id", "month"])
    return found.select(
        *("customer_id", "source", "simulated", "at", "cohort", "months_after"),
        record_id=_.customer_id + "#" + _.months_after.cast("string"),
        value=share(_.again.notnull()),
    )


def _end(rows: Table, filters: Filters) -> Value:
    """Return the first month that is not over: that of ``until``, else of the last purchase."""
    if filters.until is None:
        last = rows.month.max().fill_null(0).to_pandas()
        return ibis.literal(int(last), "int64")
    local = filters.until.astimezone(ZoneInfo(filters.zone))
    return ibis.literal(local.year * _YEAR + local.month - 1, "int64")


RETENTION = Finding(
    name="retention",
    title="Customers who bought again, by month of their first purchase",
    title_zh="复购留存(按首购月份)",
    formula=(
        "customers of a cohort (month of the first purchase, in the report's zone) with a purchase "
        "so many months later / customers of the cohort x 100; the month of the last purchase, or "
        "of `until`, is left out, since it may not be over"
    ),
    unit="% of customers",
    action="Where a cohort falls faster than those before it, look at what it bought first.",
    members=_members,
    groups=("months_after", "cohort"),
    dimensions=("cohort", "months_after", "source", "segment"),
    brief=("count", "mean", "simulated_share"),
    filtered_by=("customer", "source", "segment"),
)
FINDINGS = (RETENTION,)
