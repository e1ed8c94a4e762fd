"""Which words customers use, by chat, time and person: a word cloud (requirement N35)."""

from __future__ import annotations

import ibis
import pandas as pd
import pyarrow.parquet as pq
from ibis import _
from ibis.expr.types import Table

from insights.conversations.rows import NOBODY
from insights.filters import Filters
from insights.finding import CALENDAR, SELECTIONS, Finding
from insights.functions import epoch_us
from insights.tables import Tables

_MOST = 100  # words of a table


def _members(tables: Tables, _filters: Filters) -> Table:
    """Return one member a text and word."""
    tables.texts()  # says what to run where nothing was analyzed
    file = tables.workspace.features / "text" / "texts.parquet"
    words = tables.once("keywords", file.stat().st_mtime_ns, lambda: _flat(file))
    chats = tables.chats
    spoken = chats.messages.select("conversation_id", "room", "channel", text_id="message_id")
    served = chats.rows.select("conversation_id", "agent", "category")
    rows = tables.one_person(words).left_join(spoken, "text_id").drop("text_id_right")
    rows = rows.left_join(served, "conversation_id").drop("conversation_id_right")
    return rows.mutate(
        record_id=_.text_id + "#" + _.word,
        channel=ibis.coalesce(_.channel, _.kind),
        room=_.room.fill_null(""),
        agent=_.agent.fill_null(NOBODY),
        category=_.category.fill_null("uncategorized"),
        at=epoch_us(_.occurred_at),
        value=ibis.literal(1.0),
        simulated=_.source.startswith("simulated"),
    ).drop("occurred_at")


def _flat(file: object) -> Table:
    columns = ["text_id", "kind", "source", "customer_id", "occurred_at", "keywords"]
    texts = ibis.memtable(pq.read_table(file, columns=columns))
    return texts.mutate(word=_.keywords.unnest()).drop("keywords").distinct()


def _listed(table: pd.DataFrame, _tables: Tables, _filters: Filters) -> pd.DataFrame:
    """Put the most frequent first where words are counted over everything."""
    if list(table.columns[:2]) != ["word", "count"]:
        return table
    ordered = table.sort_values(["count", "word"], ascending=[False, True], ignore_index=True)
    return ordered.head(_MOST)


KEYWORDS = Finding(
    name="keywords",
    title="Words customers use",
    title_zh="客户常用词",
    formula=(
        "texts of customers in which text analysis found a word to be telling (at most five a "
        f"text); the {_MOST} most frequent words first; room is the chat of a message"
    ),
    unit="texts",
    action="Look what a chat is about, room=ID; open a word to read who used it, and how.",
    members=_members,
    groups=("word",),
    dimensions=(*CALENDAR, "word", "channel", "agent", "source", "label", "segment", "room"),
    filtered_by=(*SELECTIONS, "room"),
    finish=_listed,
    chart="bar",
    brief=("count", "simulated_share"),
    charted="count",
)
FINDINGS = (KEYWORDS,)
