"""What customers talk about and how they feel about it (requirements N01, N06, N19)."""

from __future__ import annotations

import pandas as pd

from insights.filters import Filters
from insights.finding import Finding
from insights.tables import Tables


def _members(tables: Tables, filters: Filters) -> pd.DataFrame:
    texts = filters.keep(tables.texts())
    return pd.DataFrame(
        {
            "topic": texts["topic"].astype("int64"),
            "sentiment": texts["sentiment"].astype(str),
            "record_id": texts["text_id"],
            "value": texts["polarity"].astype("float64"),
            "simulated": texts["source"] == "simulated",
        }
    )


TOPIC_SENTIMENT = Finding(
    name="topic_sentiment",
    title="Topics of reviews and chats, by sentiment",
    formula="texts per topic and sentiment class; value is the polarity of a text, from -1 to 1",
    unit="polarity",
    action="Open the topic with the most negative texts and fix the cause that repeats.",
    groups=("topic", "sentiment"),
    chart="bar",
    members=_members,
)
