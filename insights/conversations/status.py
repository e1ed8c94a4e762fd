"""How a conversation's changes of state are recorded, and read.

Any of two records will do, and a change told by both counts once:

- a row of ``messages`` with ``sender_role = system`` and one of :data:`STATUS_KINDS` as its kind,
  in the conversation it is about (``agent_id`` did it, ``text`` names a label or category);
- a row of ``events`` with that kind and ``{"conversation_id": ...}`` in its attributes, beside
  ``label`` or ``category`` where one is named.

================================ ==============================================================
kind                             meaning
================================ ==============================================================
``conversation_opened``          created, where that is earlier than the first message
``conversation_reopened``        open again after it was resolved
``conversation_handed_off``      the bot gave it to people
``conversation_resolved``        closed by people, or by a rule
``conversation_bot_resolved``    closed by the bot alone
``conversation_surveyed``        the customer was asked how it went
``conversation_labeled``         carries a label from now on; several are possible
``conversation_categorized``     is about this; the last one counts
================================ ==============================================================
"""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr.types import Table, Value

from insights.functions import epoch_us, json_text

_PREFIX = "conversation_"
STATES = ("opened", "reopened", "handed_off", "resolved", "bot_resolved")
MARKS = ("labeled", "categorized")
STATUS_KINDS = tuple(f"{_PREFIX}{what}" for what in (*STATES, "surveyed", *MARKS))
COLUMNS = ("event_id", "kind", "customer_id", "agent_id", "occurred_at", "attributes")


def plain(kind: Value) -> Value:
    """Return a status kind without its prefix."""
    return kind.substr(len(_PREFIX))


def changes(events: Table) -> Table:
    """Return the changes of state that are recorded as events.

    Parameters
    ----------
    events : ibis Table
        The canonical table ``events``.

    Returns
    -------
    ibis Table
        message_id (the event's id), conversation_id, agent_id, at (microseconds), what, detail.
    """
    told = events.filter(_.kind.isin(STATUS_KINDS)).mutate(
        conversation_id=json_text(_.attributes, "$.conversation_id")
    )
    return told.filter(_.conversation_id.notnull()).select(
        "conversation_id",
        "agent_id",
        message_id=_.event_id,
        at=epoch_us(_.occurred_at),
        what=plain(_.kind),
        detail=ibis.coalesce(
            json_text(_.attributes, "$.label"), json_text(_.attributes, "$.category")
        ),
    )
