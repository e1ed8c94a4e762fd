"""How much personal data is written, by whom and where (requirement N32)."""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr.types import Table

from insights.alerts.chats import described
from insights.compliance.personal import by_customers, by_staff
from insights.conversations.rows import NOBODY
from insights.filters import Filters
from insights.finding import CALENDAR, CONVERSATION, SELECTIONS, Beside, Finding
from insights.functions import epoch_us
from insights.tables import Tables

_COLUMNS = ("record_id", "text_id", "conversation_id", "room", "sender", "customer_id", "agent",
            "channel", "source", "category", "kind", "hits", "text", "at")  # fmt: skip


def _members(tables: Tables, _filters: Filters) -> Table:
    """Return one member a text and kind of personal data in it; its text is masked."""
    rows = _of_customers(tables).union(_of_staff(tables))
    return rows.mutate(value=_.hits.cast("float64"), simulated=_.source.startswith("simulated"))


def _of_customers(tables: Tables) -> Table:
    chats = tables.chats
    spoken = chats.messages.select("conversation_id", "room", "channel", text_id="message_id")
    served = chats.rows.select("conversation_id", "agent", "category")
    rows = by_customers(tables).left_join(spoken, "text_id").drop("text_id_right")
    rows = rows.left_join(served, "conversation_id").drop("conversation_id_right")
    return rows.mutate(
        record_id=_.text_id + "#" + _.kind,
        sender=ibis.literal("customer"),
        channel=ibis.coalesce(_.channel, _.origin),
        room=_.room.fill_null(""),
        agent=_.agent.fill_null(NOBODY),
        category=_.category.fill_null("uncategorized"),
        at=epoch_us(_.occurred_at),
    ).select(*_COLUMNS)


def _of_staff(tables: Tables) -> Table:
    rooms = tables.chats.messages.select("message_id", "room")
    rows = described(ibis.memtable(by_staff(tables)), tables).left_join(rooms, "message_id")
    return rows.mutate(
        record_id=_.message_id + "#" + _.kind,
        text_id=_.message_id,
        sender=ibis.literal("staff"),
        room=_.room.fill_null(""),
    ).select(*_COLUMNS)


PERSONAL_DATA = Finding(
    name="personal_data",
    title="Personal data that was written",
    title_zh="敏感信息(个人数据)命中",
    formula=(
        "texts that hold personal data of a kind (email, phone, resident_id, bank_card, plate, "
        "passport, wechat, order_number, address, name), those that hold two kinds once for each; "
        "hits is how often; sender customer: analyzed messages and feedback, agent is who served "
        "the conversation; sender staff: public messages, recalled ones too, agent is the writer"
    ),
    unit="hits a text",
    action=(
        "Open by=[sender,agent,kind]: where staff asks for cards, ids or addresses in chat, or "
        "writes them, give a form instead; erase what is not needed; the texts shown are masked."
    ),
    members=_members,
    groups=("kind", "sender"),
    dimensions=(*CALENDAR, *CONVERSATION, "category", "kind", "sender", "room"),
    beside={"hits": Beside("hits", "sum")},
    filtered_by=(*SELECTIONS, "room"),
    chart="bar",
    charted="count",
    brief=("count", "hits", "simulated_share"),
)
FINDINGS = (PERSONAL_DATA,)
