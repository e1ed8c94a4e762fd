"""Conversations as rows: the common ground of the findings about support chats."""

from __future__ import annotations

import pandas as pd

from insights.filters import Filters
from insights.tables import Tables

COLUMNS = [
    "conversation_id",
    "channel",
    "source",
    "sender_role",
    "recalled",
    "private",
    "occurred_at",
]


def conversations(tables: Tables, filters: Filters) -> pd.DataFrame:
    """Return one row per conversation that was opened in the range.

    Recalled, private and system messages are not part of what the customer saw and are left out.
    Columns: ``record_id`` (the conversation), ``channel``, ``opened_at``, ``closed_at`` (first and
    last message), ``period``, ``simulated``.
    """
    messages = tables.read("messages", COLUMNS)
    visible = messages[
        ~messages["recalled"] & ~messages["private"] & (messages["sender_role"] != "system")
    ]
    grouped = visible.groupby("conversation_id", sort=True)
    rows = grouped.agg(
        channel=("channel", "first"),
        opened_at=("occurred_at", "min"),
        closed_at=("occurred_at", "max"),
        simulated=("source", lambda source: (source == "simulated").any()),
    ).reset_index(names="record_id")
    rows = filters.keep(rows, "opened_at")
    return rows.assign(
        channel=rows["channel"].fillna("unknown"), period=filters.bucket(rows["opened_at"])
    )
