"""What is said of all texts together, once each of them was analyzed."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from features.text.fitted import Fitted
from features.text.report import keep
from features.text.settings import TextSettings
from features.text.topics import TopicAnalyzer
from features.text.topics.table import write_topics

_QUOTABLE = 20_000  # the latest texts, among which quotes are looked for


def summarize_topics(folder: Path, fitted: Fitted, settings: TextSettings) -> None:
    """Write ``topics.json`` and what goes with it; an empty list without the analyzer."""
    analyzer = fitted.analyzers.get("topics")
    if not isinstance(analyzer, TopicAnalyzer):
        keep(folder / "topics.json", [])
        return
    texts = folder / "texts.parquet"
    write_topics(
        folder,
        analyzer,
        pq.read_table(texts, columns=["occurred_at", "topic"]),
        quotable=latest(texts, ["text_id", "text", "topics"], _QUOTABLE),
        zone=settings.zone,
    )


def latest(path: Path, columns: list[str], rows: int) -> pa.Table:
    """Return the last rows of a Parquet file, as few of its groups read as hold so many."""
    file = pq.ParquetFile(path)
    parts: list[pa.Table] = []
    for group in reversed(range(file.num_row_groups)):
        if sum(part.num_rows for part in parts) >= rows:
            break
        parts.insert(0, file.read_row_group(group, columns=columns))
    table = pa.concat_tables(parts) if parts else file.read(columns=columns)
    return table.slice(max(0, table.num_rows - rows))
