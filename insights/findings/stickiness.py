"""How often those who come in a month come: daily over monthly customers (requirement E24)."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import ibis
from ibis import _
from ibis.expr.types import Table

from ingest.store import Store
from insights.filters import Filters
from insights.finding import Beside, Finding
from insights.functions import epoch_us
from insights.tables import Tables

_MONTH, _DAY_SECONDS = "%Y-%m", 86_400


def _acts(tables: Tables) -> Table:
    """Return what customers did and wrote: customer_id, source, at."""
    connection = tables.chats.connection
    connection.con.register("stored_acts", Store(tables.workspace.store).dataset("events"))
    done_to = _.kind.startswith("conversation_") | _.kind.endswith("_received")
    events = connection.table("stored_acts").filter(~done_to)
    acts = events.select("customer_id", "source", at=epoch_us(_.occurred_at))
    said = tables.chats.messages.filter(_.what == "customer")
    rows = tables.one_person(acts).union(said.select("customer_id", "source", "at"))
    return rows.filter(_.customer_id.notnull())


def _members(tables: Tables, filters: Filters) -> Table:
    """Return one member a customer and local month with anything they did."""
    acts = _acts(tables)
    acts = acts.mutate(local=filters.local(acts.at))
    acts = acts.mutate(month=_.local.strftime(_MONTH), start=_.local.truncate("M"))
    acts = acts.filter(_.month < _end(acts, filters))
    rows = acts.group_by("customer_id", "month").agg(
        active_days=_.local.date().nunique(),
        at=_.at.min(),
        source=_.source.argmin(_.at),
        simulated=_.source.startswith("simulated").max(),
        start=_.start.min(),
    )
    seconds = (_.start + ibis.interval(months=1)).epoch_seconds() - _.start.epoch_seconds()
    rows = rows.mutate(part=_.active_days * _DAY_SECONDS / seconds.cast("float64"))
    return rows.drop("start").mutate(record_id=_.customer_id + "#" + _.month, value=100 * _.part)


def _end(acts: Table, filters: Filters) -> str:
    """Return the first month that is not over: that of ``until``, else of the last act."""
    if filters.until is None:
        return str(acts.month.max().fill_null("").to_pandas())
    last = filters.until.astimezone(ZoneInfo(filters.zone))
    return last.strftime(_MONTH)


STICKINESS = Finding(
    name="stickiness",
    title="Stickiness: active days of a month's customers",
    title_zh="客户粘性(日活/月活)",
    formula=(
        "daily over monthly customers (DAU/MAU): the mean, over customers with any event or "
        "message of their own in a month of the report's zone, of the days on which they had one / "
        "days of the month x 100; count is the customers of the month (MAU), daily_customers "
        "their mean number a day (DAU); conversation_... and ..._received are no acts of theirs; "
        "the month of the last act, or of `until`, is left out, since it may not be over, and the "
        "first one may have begun before the records do"
    ),
    unit="% of days",
    action="Where it falls, look at what changed for those who came most: by=[month,segment].",
    members=_members,
    groups=("month",),
    dimensions=("month", "source", "segment"),
    beside={
        "active_days": Beside("active_days", "mean"),
        "daily_customers": Beside("part", "sum"),
    },
    brief=("count", "mean", "active_days", "daily_customers", "simulated_share"),
    filtered_by=("customer", "source", "segment"),
)
FINDINGS = (STICKINESS,)
