"""What each message is to a report: who spoke, who merely was there, and what changed the state.

========== =======================================================================================
what       is
========== =======================================================================================
customer   a public message of the customer
human      a public message of an agent: the only thing that answers
bot        a public message of a bot
aside      public, but nobody's answer: ``automation``, ``campaign`` and ``template`` messages
hidden     recalled, private, a reaction, or a line of the system: no part of the conversation
opened, reopened, handed_off, resolved, bot_resolved, surveyed, labeled, categorized
           changes of state, see :mod:`insights.conversations.status`
========== =======================================================================================

A quoting message is one message of its sender; what it quotes is not counted again.
"""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr.types import Table, Value

from insights.conversations.status import MARKS, STATUS_KINDS, plain
from insights.functions import epoch_us

ASIDES = ("automation", "campaign", "template")
SPOKEN = ("customer", "human", "bot", "aside")
COLUMNS = (
    "message_id",
    "source",
    "conversation_id",
    "customer_id",
    "agent_id",
    "sender_role",
    "kind",
    "text",
    "recalled",
    "private",
    "channel",
    "occurred_at",
)


def classify(messages: Table) -> Table:
    """Return messages with ``what`` they are.

    Parameters
    ----------
    messages : ibis Table
        The canonical table ``messages``.

    Returns
    -------
    ibis Table
        message_id, source, conversation_id, room (the same; sessions rename the other),
        customer_id, agent_id, channel (``unknown`` where it is missing), at (microseconds), what,
        detail (the label or category of a mark), recalled.
    """
    what = _what(messages)
    return messages.select(
        "message_id",
        "source",
        "conversation_id",
        "customer_id",
        "agent_id",
        "recalled",
        room=_.conversation_id,
        channel=_.channel.fill_null("unknown"),
        at=epoch_us(_.occurred_at),
        what=what,
        detail=what.isin(MARKS).ifelse(messages.text, ibis.null("string")),
    )


def _what(messages: Table) -> Value:
    system = messages.sender_role == "system"
    reaction = messages.kind == "reaction"
    return ibis.cases(
        (messages.recalled, "hidden"),
        (system & messages.kind.isin(STATUS_KINDS), plain(messages.kind)),
        (system | messages.private | reaction, "hidden"),
        (messages.kind.isin(ASIDES), "aside"),
        (messages.sender_role == "agent", "human"),
        else_=messages.sender_role,
    )
