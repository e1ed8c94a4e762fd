"""How many conversations customers opened (requirement M01)."""

from __future__ import annotations

import pandas as pd

from insights.filters import Filters
from insights.finding import Finding
from insights.findings.conversations import conversations
from insights.tables import Tables


def _members(tables: Tables, filters: Filters) -> pd.DataFrame:
    return conversations(tables, filters).assign(value=1.0)


CONVERSATION_VOLUME = Finding(
    name="conversation_volume",
    title="Conversations opened",
    formula="number of conversations whose first visible message falls into the period",
    unit="conversations",
    action="Plan staffing by it; look for a cause where a period differs from the ones before.",
    groups=("period", "channel"),
    chart="line",
    members=_members,
)
