"""Whose customers somebody's are: the row scope of questions (requirement S02)."""

from __future__ import annotations

from collections.abc import Sequence

from ibis import _
from ibis.expr.types import Table

from ingest.store import Store
from insights.filters import Filters
from insights.tables import Tables

_CONTACT = ("contact_added", "contact_deleted")


def own_customers(tables: Tables, agents: Sequence[str]) -> Table:
    """Return the customers of some members of staff: customer_id, each once.

    They are those who are a contact of theirs (added, and not deleted since, by either side) and
    those whom they publicly wrote to in any conversation.

    Parameters
    ----------
    tables : Tables
        Records of one business.
    agents : sequence of str
        Ids of the members of staff.
    """
    chats = tables.chats
    wrote = chats.messages.filter((_.what == "human") & _.agent_id.isin(agents))
    spoken = chats.rows.semi_join(wrote, "conversation_id").select("customer_id")
    connection = chats.connection
    connection.con.register("stored_contacts", Store(tables.workspace.store).dataset("events"))
    events = tables.one_person(connection.table("stored_contacts"))
    told = events.filter(_.kind.isin(_CONTACT) & _.agent_id.isin(agents))
    last = told.group_by("customer_id", "agent_id").agg(kind=_.kind.argmax(_.occurred_at))
    contacts = last.filter(_.kind == "contact_added").select("customer_id")
    return spoken.union(contacts).drop_null("customer_id").distinct()


def kept_own(rows: Table, tables: Tables, filters: Filters) -> Table:
    """Return the rows of the customers that the filters' ``own_of`` may see; all where it is empty.

    Raises
    ------
    ValueError
        If the rows tell no customer: then nobody's own can be told from others'.
    """
    if not filters.own_of:
        return rows
    if "customer_id" not in rows.columns:
        raise ValueError(
            "own_of: these records tell no customer, so that nobody's own can be told from others'"
        )
    return rows.semi_join(own_customers(tables, filters.own_of), "customer_id")
