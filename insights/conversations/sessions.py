"""Messages of sources without a conversation object, cut into sessions by silence.

In chatlog, WeCom or Slack a ``conversation_id`` is a room or a pair of people that talk for years.
Such a stream is cut, for each customer and room (or agent), wherever nobody has spoken for longer
than the gap of its channel. Messages that are no part of the conversation neither begin a session
nor keep one alive, but belong to one: sessions partition the messages.
"""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr.types import Table, Value

from insights.conversations.messages import SPOKEN
from insights.functions import MINUTE, make_timestamp
from insights.settings import SessionSettings


def sessionize(messages: Table, settings: SessionSettings) -> Table:
    """Return messages whose ``conversation_id`` is a session, and the gap that cut it.

    Parameters
    ----------
    messages : ibis Table
        As returned by :func:`~insights.conversations.messages.classify`.
    settings : SessionSettings
        Sources to cut and gaps.

    Returns
    -------
    ibis Table
        The columns of ``messages`` and gap_minutes, null for sources that have conversations.
        A session is called ``<room>~<customer>~<first second>``: later messages never rename it.
    """
    streams = messages.source.isin(settings.sources)
    whole = messages.filter(~streams).mutate(gap_minutes=ibis.null("int64"))
    if not settings.sources:
        return whole
    return whole.union(_cut(messages.filter(streams), settings).select(whole.columns))


def _cut(streams: Table, settings: SessionSettings) -> Table:
    owned = _owned(streams).mutate(
        gap_minutes=_gap(settings).cast("int64"), spoken=_.what.isin(SPOKEN)
    )
    lane = ["source", "conversation_id", "party"]
    order = ["at", "message_id"]
    before = ibis.window(group_by=lane, order_by=order, preceding=(None, 1))
    begun = owned.mutate(last=_.at.max(where=_.spoken).over(before))
    silent = _.last.isnull() | (_.at - _.last > _.gap_minutes * MINUTE)
    begun = begun.mutate(begins=_.spoken & silent)
    upto = ibis.window(group_by=lane, order_by=order, preceding=None, following=0)
    begun = begun.mutate(
        start=ibis.coalesce(
            _.at.max(where=_.begins).over(upto),
            _.at.min(where=_.begins).over(ibis.window(group_by=lane)),
            _.at.min().over(ibis.window(group_by=lane)),
        )
    )
    second = make_timestamp(_.start).strftime("%Y-%m-%dT%H:%M:%SZ")
    return begun.mutate(conversation_id=_.conversation_id + "~" + _.party + "~" + second)


def _gap(settings: SessionSettings) -> Value:
    own = [(_.channel == name, gap) for name, gap in settings.channel_gap_minutes.items()]
    default = ibis.literal(settings.gap_minutes)
    return ibis.cases(*own, else_=default) if own else default


def _owned(streams: Table) -> Table:
    """Give each message its customer: an agent in a room speaks with who spoke last, else next."""
    room = ["source", "conversation_id"]
    upto = ibis.window(group_by=room, order_by=["at", "message_id"], preceding=None, following=0)
    runs = streams.mutate(run=_.customer_id.count().over(upto))  # a run has one known customer
    known = ibis.window(group_by=[*room, "run"])
    return runs.mutate(
        party=ibis.coalesce(
            _.customer_id,
            _.customer_id.max().over(known),
            _.customer_id.max(where=_.run == 1).over(ibis.window(group_by=room)),
            "",
        )
    )
