"""The course of each conversation: one row a step, knowing what came before it."""

from __future__ import annotations

from typing import cast

import ibis
from ibis import _
from ibis.expr.types import Table, Value

from insights.conversations.messages import SPOKEN
from insights.conversations.status import STATES

# Who comes first within one moment: a question before the state it causes, a reply before the end.
_ORDER = {"customer": 0, "bot": 1, "human": 3, "aside": 4, "resolved": 5, "bot_resolved": 5}
_STATE = 2
RESOLVED = ("resolved", "bot_resolved")


def steps(messages: Table, changes: Table) -> Table:
    """Return what was said and what changed the state, in order, with running counts.

    Parameters
    ----------
    messages : ibis Table
        Messages in their conversations, classified.
    changes : ibis Table
        Changes of state recorded as events.

    Returns
    -------
    ibis Table
        conversation_id, message_id, agent_id, at, what, and of the steps of the conversation

        - cycle: how often it was reopened so far,
        - asked: whether the customer has spoken before,
        - turn: replies and resolutions before (a customer turn ends with either),
        - clock: the same with replies of bots (Chatwoot's ``waiting_since`` is cleared by them),
        - first_reply: whether this is the first human reply since creation or the last reopening,
        - restarted_at: latest bot hand-off or reopening so far, bot_resolved_at: latest of these,
        - spoken_at: when anybody spoke last before.
    """
    kept = messages.filter(_.what.isin((*SPOKEN, *STATES))).select(
        "conversation_id", "message_id", "agent_id", "at", "what"
    )
    known = messages.select("conversation_id").distinct()
    other = changes.filter(_.what.isin(STATES)).semi_join(known, "conversation_id")
    told = kept.union(_once(other.select(kept.columns), kept))
    rank = ibis.cases(*((_.what == what, place) for what, place in _ORDER.items()), else_=_STATE)
    return _counted(told.mutate(rank=rank)).drop("rank")


def _once(changes: Table, kept: Table) -> Table:
    """Leave out changes that a message of the system tells as well, or that came twice."""
    single = changes.distinct(on=["conversation_id", "at", "what"], keep="first")
    return single.anti_join(kept, ["conversation_id", "at", "what"])


def _counted(told: Table) -> Table:
    where = {"group_by": "conversation_id", "order_by": ["at", "rank", "message_id"]}
    upto = ibis.window(**where, preceding=None, following=0)
    before = ibis.window(**where, preceding=(None, 1))
    human = _.what == "human"
    ended = human | _.what.isin(RESOLVED)

    def count(condition: Value, over: object) -> Value:
        return cast("Value", condition.cast("int64").sum().over(over).fill_null(0))

    def last(condition: Value, over: object) -> Value:
        return cast("Value", _.at.max(where=condition).over(over))

    rows = told.mutate(
        cycle=count(_.what == "reopened", upto),
        asked=count(_.what == "customer", before) > 0,
        turn=count(ended, before),
        clock=count(ended | (_.what == "bot"), before),
        human_at=last(human, before),
        reopened_at=last(_.what == "reopened", upto),
        restarted_at=last(_.what.isin(("handed_off", "reopened")), upto),
        bot_resolved_at=last(_.what == "bot_resolved", upto),
        spoken_at=last(_.what.isin(SPOKEN), before),
    )
    first = _.human_at.isnull() | (_.human_at < _.reopened_at).fill_null(False)
    return rows.mutate(first_reply=human & first).drop("human_at", "reopened_at")
