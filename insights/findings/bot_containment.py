"""How many conversations the bot finished alone."""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr.types import Table

from insights.filters import Filters
from insights.finding import CALENDAR, CONVERSATION, Finding
from insights.findings.members import both, conversations, share
from insights.tables import Tables


def _members(tables: Tables, _filters: Filters) -> Table:
    rows = conversations(tables)
    if not int(tables.chats.resolves.count().to_pandas()):  # nobody recorded how they ended
        return rows.mutate(value=ibis.null("float64"))
    before_people = _.resolved_at.notnull() & ((_.human_at > _.resolved_at) | (_.humans == 0))
    alone = _.bot_resolved | ((_.bots > 0) & before_people)
    return rows.mutate(value=share(alone & ~_.handed_off))


CONTAINMENT = Finding(
    name="bot_containment",
    title="Conversations the bot finished alone",
    title_zh="机器人独立解决率",
    formula=(
        "conversations resolved by the bot without any hand-off, also later / conversations x 100; "
        "resolved by the bot: recorded so, or resolved after a bot spoke and before people did; "
        "n/a where no resolution is recorded; counted when opened"
    ),
    unit="% of conversations",
    action="Read what is handed off most: teach the bot that, or spare customers the detour.",
    members=_members,
    dimensions=(*CALENDAR, *CONVERSATION, "category"),
)
FINDINGS = both(CONTAINMENT)
