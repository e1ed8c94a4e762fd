"""What customers do toward staff: added, joined, paid, patted, left (requirement P14)."""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr.types import Table

from ingest.store import Store
from insights.filters import Filters
from insights.finding import CALENDAR, Beside, Finding
from insights.functions import epoch_us
from insights.profiles.happenings import LEAVING, toward_staff
from insights.tables import Tables


def _members(tables: Tables, _filters: Filters) -> Table:
    connection = tables.chats.connection
    connection.con.register("stored_operations", Store(tables.workspace.store).dataset("events"))
    stored = connection.table("stored_operations")
    done = tables.one_person(stored.filter(toward_staff(stored.kind)))
    return done.select(
        "source",
        "customer_id",
        "group_id",
        record_id=_.event_id,
        at=epoch_us(_.occurred_at),
        operation=_.kind,
        agent=_.agent_id.fill_null("nobody"),
        customer=_.customer_id,
        value=ibis.literal(1.0),
        leaving=_.kind.isin(LEAVING).cast("int64"),
        simulated=_.source.startswith("simulated"),
    )


OPERATIONS = Finding(
    name="operations",
    title="What customers do toward staff",
    title_zh="客户对员工的操作行为",
    formula=(
        "events of customers that are neither about goods nor a state of a conversation: contacts "
        "added and deleted, groups joined and left, links opened, payments, consent, pats; "
        "leaving counts those by which a customer breaks off; agent is toward whom"
    ),
    unit="events",
    action="Call who left the same day; look at the colleague or group that loses most.",
    members=_members,
    groups=("period", "operation"),
    dimensions=(*CALENDAR, "operation", "agent", "customer", "source", "segment"),
    beside={"leaving": Beside("leaving", "sum")},
    filtered_by=("agent", "customer", "source", "segment"),
    brief=("count", "leaving", "simulated_share"),
    charted="count",
)
FINDINGS = (OPERATIONS,)
