"""Conversations by what customers sound like in them (requirement M17)."""

from __future__ import annotations

from pathlib import Path

import ibis
import pyarrow.compute as pc
import pyarrow.parquet as pq
from ibis.expr.types import Table

from insights.filters import Filters
from insights.tables import Tables


def kept_judged(rows: Table, tables: Tables, filters: Filters) -> Table:
    """Return the rows of conversations in which a customer wrote a text of these sentiments.

    One such text is enough, whatever the others of the conversation sound like. All rows are
    returned where the filters name no sentiment.

    Raises
    ------
    ValueError
        If the rows tell no conversation.
    FileNotFoundError
        If no text of this workspace was judged yet.
    """
    if not filters.sentiment:
        return rows
    if "conversation_id" not in rows.columns:
        raise ValueError(
            "sentiment: these records tell no conversation, so that they cannot be filtered by "
            "what customers wrote in it"
        )
    tables.texts()  # says what to run where nothing was analyzed
    file = tables.workspace.features / "text" / "texts.parquet"
    mark = file.stat().st_mtime_ns
    found = tables.once("sentiments of conversations", mark, lambda: _sentiments(tables, file))
    wanted = found.filter(found.sentiment.isin(filters.sentiment))
    return rows.semi_join(wanted, "conversation_id")


def _sentiments(tables: Tables, file: Path) -> Table:
    """Return each sentiment of each conversation once: conversation_id, sentiment."""
    wanted = pc.field("sentiment").is_valid()
    judged = pq.read_table(file, columns=["text_id", "sentiment"], filters=wanted)
    if not judged.num_rows:
        raise FileNotFoundError(
            f"no sentiment in {file}, the texts were analyzed without that analyzer: "
            f"run `python -m features workspace={tables.workspace.name} only=text` first"
        )
    said = tables.chats.messages.select("conversation_id", text_id="message_id")
    both = said.inner_join(ibis.memtable(judged), "text_id")
    return (
        both.select("conversation_id", sentiment=both.sentiment.cast("string")).distinct().cache()
    )
