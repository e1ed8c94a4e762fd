"""One row a conversation, and one interval a customer turn."""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr.types import Table

from insights.conversations.messages import SPOKEN
from insights.conversations.steps import RESOLVED
from insights.functions import MINUTE

NOBODY = "nobody"  # the agent of conversations that no agent had


def conversations(messages: Table, steps: Table, active_gap_minutes: int) -> Table:
    """Return one row for each conversation in which anybody publicly spoke.

    Returns
    -------
    ibis Table
        conversation_id, channel, source, customer_id, agent (who replied last, ``nobody`` if none
        did), simulated, gap_minutes, opened_at (creation), first_at, last_at, customer_at (first
        message of the customer), opener (what spoke first), active (microseconds), messages,
        humans, bots (public messages), human_at (first of these), resolved_at, last_resolved_at,
        reopens, handed_off, bot_resolved (whether it is recorded). Times are microseconds.
    """
    spoken = messages.filter(_.what.isin(SPOKEN))
    who = spoken.group_by("conversation_id").agg(
        channel=_.channel.min(),
        source=_.source.min(),
        customer_id=ibis.coalesce(
            _.customer_id.min(where=_.what == "customer"), _.customer_id.min()
        ),
        simulated=_.source.startswith("simulated").any(),
        gap_minutes=_.gap_minutes.max(),
    )
    return who.inner_join(_course(steps, active_gap_minutes), "conversation_id")


def _course(steps: Table, active_gap_minutes: int) -> Table:
    said = _.what.isin(SPOKEN)
    pause = _.at - _.spoken_at
    ended = _.what.isin(RESOLVED)
    return steps.group_by("conversation_id").agg(
        opened_at=ibis.coalesce(
            ibis.least(_.at.min(where=_.what == "opened"), _.at.min(where=said)),
            _.at.min(where=said),
        ),
        first_at=_.at.min(where=said),
        last_at=_.at.max(where=said),
        customer_at=_.at.min(where=_.what == "customer"),
        opener=_.what.argmin(_.at, where=said & _.spoken_at.isnull()),
        active=pause.sum(where=said & (pause <= active_gap_minutes * MINUTE)).fill_null(0),
        messages=said.sum(),
        humans=(_.what == "human").sum(),
        bots=(_.what == "bot").sum(),
        agent=_.agent_id.argmax(_.at, where=(_.what == "human") & _.agent_id.notnull()).fill_null(
            NOBODY
        ),
        resolved_at=_.at.min(where=ended),
        last_resolved_at=_.at.max(where=ended),
        reopens=(_.what == "reopened").sum(),
        handed_off=(_.what == "handed_off").any(),
        bot_resolved=(_.what == "bot_resolved").any(),
        human_at=_.at.min(where=_.what == "human"),
    )


def turns(steps: Table, by: str) -> Table:
    """Return one row for each stretch of customer messages that waits for the same reply.

    Parameters
    ----------
    steps : ibis Table
        As returned by :func:`~insights.conversations.steps.steps`.
    by : {"turn", "clock"}
        ``turn``: replies of people and resolutions end it. ``clock``: replies of bots do, too, as
        they clear Chatwoot's ``waiting_since``.

    Returns
    -------
    ibis Table
        conversation_id, turn, cycle, asked_at (first message of the turn), ended_at (reply,
        resolution or bot, null while it waits), answered_at and agent (null unless a human reply
        ended it), first_reply (whether that was the first response), series (``first`` for the
        first turn of a conversation or of a reopened one, else ``later``). Times in microseconds.
    """
    ends = ("human", *RESOLVED) if by == "turn" else ("human", "bot", *RESOLVED)
    found = (
        steps.group_by("conversation_id", turn=_[by])
        .agg(
            cycle=_.cycle.max(),
            asked_at=_.at.min(where=_.what == "customer"),
            ended_at=_.at.max(where=_.what.isin(ends)),
            answered_at=_.at.max(where=_.what == "human"),
            agent=_.agent_id.max(where=_.what == "human"),
            first_reply=_.first_reply.any(),
        )
        .filter(_.asked_at.notnull())
    )
    place = ibis.row_number().over(
        ibis.window(group_by=["conversation_id", "cycle"], order_by="turn")
    )
    return found.mutate(series=(place == 0).ifelse("first", "later"))
