"""What customers talk about and how they feel about it (requirements N01, N06, N19)."""

from __future__ import annotations

from ibis import _
from ibis.expr.types import Table

from insights.filters import Filters
from insights.finding import CALENDAR, Finding
from insights.functions import epoch_us
from insights.tables import Tables


def _members(tables: Tables, _filters: Filters) -> Table:
    return tables.texts().select(
        "source",
        "customer_id",
        topic=_.topic.cast("int64"),
        sentiment=_.sentiment.cast("string"),
        record_id=_.text_id,
        at=epoch_us(_.occurred_at),
        value=_.polarity.cast("float64"),
        simulated=_.source.startswith("simulated"),
    )


TOPIC_SENTIMENT = Finding(
    name="topic_sentiment",
    title="Topics of reviews and chats, by sentiment",
    title_zh="主题与情感",
    formula="texts per topic and sentiment class; value is the polarity of a text, from -1 to 1",
    unit="polarity",
    action="Open the topic with the most negative texts and fix the cause that repeats.",
    groups=("topic", "sentiment"),
    dimensions=(*CALENDAR, "topic", "sentiment", "source", "segment"),
    chart="bar",
    filtered_by=("customer", "source", "segment"),
    members=_members,
)
FINDINGS = (TOPIC_SENTIMENT,)
