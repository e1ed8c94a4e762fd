"""How long conversations last (requirement M04)."""

from __future__ import annotations

import pandas as pd

from insights.filters import Filters
from insights.finding import Finding
from insights.findings.conversations import conversations
from insights.tables import Tables


def _members(tables: Tables, filters: Filters) -> pd.DataFrame:
    rows = conversations(tables, filters)
    return rows.assign(value=(rows["closed_at"] - rows["opened_at"]).dt.total_seconds() / 60)


CONVERSATION_DURATION = Finding(
    name="conversation_duration",
    title="Duration of conversations",
    formula="last visible message - first; a conversation of one message is 0 and counted",
    unit="minutes",
    action="Read the longest ones: they show where answers are missing or a hand-over is slow.",
    groups=("period", "channel"),
    chart="line",
    members=_members,
)
