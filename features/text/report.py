"""What a run says of itself: ``report.json`` and ``topics.json``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.text.topics import TopicModel


def keep(path: Path, content: object) -> None:
    """Write JSON beside its place, then move it there."""
    draft = path.with_suffix(".draft")
    draft.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))
    draft.replace(path)


def kept(path: Path) -> dict[str, Any]:
    """Return the JSON object at a path, an empty one where there is none."""
    found: dict[str, Any] = orjson.loads(path.read_bytes()) if path.exists() else {}
    return found


def topic_rows(model: TopicModel, texts: Path) -> list[dict[str, Any]]:
    """Return words and share of each topic.

    Parameters
    ----------
    model : TopicModel
        Fitted topics.
    texts : Path
        ``texts.parquet``; a topic's share is that of the texts it is the largest of.
    """
    if not model.vocabulary:
        return []
    column = pq.read_table(texts, columns=["topic"])["topic"]
    counts = {row["values"]: row["counts"] for row in pc.value_counts(column).to_pylist()}
    total = max(1, len(column))
    return [
        {
            "topic": topic,
            "words": model.top_words(topic),
            "share": round(counts.get(topic, 0) / total, 4),
        }
        for topic in range(len(model.alpha))
    ]
