"""Who writes, when and how much (requirement N35)."""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr.types import Table

from insights.conversations.messages import SPOKEN
from insights.filters import Filters
from insights.finding import CALENDAR, CONVERSATION, SELECTIONS, Finding
from insights.findings.members import about, both
from insights.tables import Tables


def _members(tables: Tables, _filters: Filters) -> Table:
    said = tables.chats.messages.filter(_.what.isin(SPOKEN))
    said = said.select(
        "conversation_id", "room", "agent_id", "at", record_id="message_id", sender="what"
    )
    person = ibis.cases(
        (_.sender == "customer", _.customer_id),
        (_.sender == "human", _.agent_id),
        else_=_.sender,
    )
    return about(said, tables).mutate(
        person=person.fill_null("unknown"),
        agent=_.agent_id.fill_null("unknown"),
        value=ibis.literal(1.0),
    )


MESSAGES = Finding(
    name="messages",
    title="Messages, by who wrote them",
    title_zh="消息数(按发送方)",
    formula=(
        "public messages of customers, agents (human), bots, and aside (automation, campaign, "
        "template); recalled and private messages, reactions and system lines are not counted; "
        "person is the customer's or the agent's id; room is the chat, whatever sessions it is cut "
        "into"
    ),
    unit="messages",
    action=(
        "Look who carries a chat: room=ID by=[day,person]; and when people write in it: "
        "room=ID by=[weekday,hour_of_day]."
    ),
    members=_members,
    groups=("period", "sender"),
    dimensions=(*CALENDAR, *CONVERSATION, "category", "sender", "person", "room"),
    filtered_by=(*SELECTIONS, "room"),
    brief=("count", "simulated_share"),
    charted="count",
)
FINDINGS = both(MESSAGES)
