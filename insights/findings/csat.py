"""How content customers say they are (requirement M07)."""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr.types import Table

from insights.filters import Filters
from insights.finding import CALENDAR, CONVERSATION, Finding
from insights.findings.members import ABOUT, both, share
from insights.tables import Tables

_CONTENT = 4  # stars
_DIMENSIONS = (*CALENDAR, *CONVERSATION, "category")


def _answers(tables: Tables) -> Table:
    """Return survey answers with what is known of their conversation, if they name one."""
    chats = tables.chats
    known = chats.rows.select("conversation_id", "agent", *ABOUT)
    rows = chats.surveys.left_join(known, "conversation_id").drop("conversation_id_right")
    return rows.mutate(
        channel=_.channel.fill_null("unknown"),
        agent=_.agent.fill_null("unknown"),
        category=_.category.fill_null("unknown"),
        simulated=_.simulated.fill_null(_.source.startswith("simulated")),
        customer_id=ibis.coalesce(_.customer_id, _.customer_id_right),
    ).drop("source_right", "customer_id_right")


def _content(tables: Tables, _filters: Filters) -> Table:
    return _answers(tables).mutate(record_id=_.feedback_id, value=share(_.rating >= _CONTENT))


def _asked(tables: Tables, _filters: Filters) -> Table:
    """Return each survey that was sent, and whether it was answered before the next one."""
    chats = tables.chats
    ordered = ibis.window(group_by="conversation_id", order_by="at")
    sent = chats.surveyed.mutate(
        number=ibis.row_number().over(ordered), until=_.at.lead().over(ordered)
    )
    answers = chats.surveys.select("conversation_id", answered_at="at")
    found = sent.inner_join(
        answers,
        [
            "conversation_id",
            sent.at <= answers.answered_at,
            (answers.answered_at < sent.until).fill_null(True),
        ],
    ).select("conversation_id", "number", answered=True)
    rows = sent.left_join(found.distinct(), ["conversation_id", "number"])
    known = chats.rows.select("conversation_id", "agent", *ABOUT)
    return (
        rows.select("conversation_id", "number", "at", "answered")
        .inner_join(known, "conversation_id")
        .mutate(
            record_id=_.conversation_id + "#" + _.number.cast("string"),
            value=share(_.answered.fill_null(False)),
        )
    )


CSAT = Finding(
    name="csat",
    title="Customer satisfaction (surveys)",
    title_zh="客户满意度(问卷)",
    formula="surveys about a conversation answered with 4 or 5 stars / answered x 100; "
    "n/a without an answer; counted when answered",
    unit="% content",
    action="Read what those with 1 or 2 stars wrote, and call back the ones you can still help.",
    members=_content,
    dimensions=_DIMENSIONS,
)
RESPONSE = Finding(
    name="csat_response_rate",
    title="Survey response rate",
    title_zh="问卷回复率",
    formula="surveys answered / surveys sent x 100; counted when sent",
    unit="% answered",
    action="Below 10 % the satisfaction speaks for few: ask sooner and shorter.",
    members=_asked,
    dimensions=_DIMENSIONS,
)
FINDINGS = (*both(CSAT), *both(RESPONSE))
