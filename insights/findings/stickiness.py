"""How often those who come in a month come: daily over monthly customers (requirement E24)."""

from __future__ import annotations

from datetime import date
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


def _days(tables: Tables, filters: Filters) -> Table:
    """Return one row a customer and local day with anything they did, made once a zone."""
    acts = _acts(tables)
    days = acts.group_by("customer_id", day=filters.local(acts.at).date()).agg(
        at=_.at.min(),
        source=_.source.argmin(_.at),
        simulated=_.source.startswith("simulated").max(),
    )
    return tables.once("active days", filters.zone, days.cache)


def _members(tables: Tables, filters: Filters) -> Table:
    """Return one member a customer and local month with anything they did."""
    days = _days(tables, filters)
    days = days.filter(_.day < _end(days, filters))
    rows = days.group_by("customer_id", start=_.day.truncate("M")).agg(
        active_days=_.count(),
        at=_.at.min(),
        source=_.source.argmin(_.at),
        simulated=_.simulated.max(),
    )
    seconds = (_.start + ibis.interval(months=1)).epoch_seconds() - _.start.epoch_seconds()
    rows = rows.mutate(part=_.active_days * _DAY_SECONDS / seconds.cast("float64"))
    rows = rows.mutate(month=_.start.strftime(_MONTH)).drop("start")
    return rows.mutate(record_id=_.customer_id + "#" + _.month, value=100 * _.part)


def _end(days: Table, filters: Filters) -> date:
    """Return when the first month begins that is not over: that of ``until``, else of the last."""
    if filters.until is None:
        last = days.day.max().to_pandas()
        return date.min if last is None else last.date().replace(day=1)
    return filters.until.astimezone(ZoneInfo(filters.zone)).date().replace(day=1)


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
