"""``topics.json``, ``topic_trends.parquet``: what is talked about, in whose words, and when."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from features.text.embedding.embed import as_matrix
from features.text.topics.analyzer import TopicAnalyzer
from features.text.topics.clusters import ClusterModel
from features.text.topics.identity import Memory, identify
from features.text.topics.model import Topics
from features.text.topics.quality import diversity
from features.text.topics.quotes import quotes
from features.text.topics.trends import TRENDS, Period, topic_trends

IDENTITY = "topic_identity.json"
PERIODS: tuple[Period, ...] = ("week", "month")


def write_topics(
    folder: Path,
    analyzer: TopicAnalyzer,
    rows: pa.Table,
    *,
    quotable: pa.Table,
    zone: str = "UTC",
    quoted: int = 3,
) -> dict[str, Any]:
    """Say what the topics are, how good, who wrote what of them, and how they come and go.

    Writes ``topics.json`` (a list, one entry a topic: place, stable id, words, share of the texts,
    coherence, whether it is junk, quotes), ``topic_quality.json`` (what is returned),
    ``topic_trends.parquet`` (the columns of :data:`~features.text.topics.trends.TRENDS`, by week
    and by month) and ``topic_identity.json`` (what ids are recognized by, and what happened).

    Parameters
    ----------
    folder : Path
        Where the results of text analysis are; its ``topic_identity.json`` of last time decides
        which topic keeps which id.
    analyzer : TopicAnalyzer
        What was fitted.
    rows : pyarrow.Table
        Columns ``occurred_at`` and ``topic``, one row a text.
    quotable : pyarrow.Table
        Columns ``text_id``, ``text`` and ``topics``, of the texts that may be quoted.
    zone : str
        The calendar of weeks and months.
    quoted : int
        Most quotes of one topic.

    Returns
    -------
    dict
        Kind of topics, how many, how many of them junk, mean coherence (c_npmi and c_v) and
        diversity of the others, and how many ids are new, gone and kept.
    """
    model = analyzer.model
    remembered = _remembered(folder / IDENTITY)
    memory = identify(model, remembered, state=analyzer.version)
    report = _quality(model) | _turnover(remembered, memory)
    _keep(folder / "topics.json", _entries(model, memory.ids, rows, quotable, quoted))
    _keep(folder / "topic_quality.json", report)
    _keep(folder / IDENTITY, memory.model_dump())
    found = [topic_trends(rows, memory.ids, period=period, zone=zone) for period in PERIODS]
    draft = (folder / "topic_trends.parquet").with_suffix(".draft")
    pq.write_table(pa.concat_tables(found) if memory.ids else TRENDS.empty_table(), draft)
    draft.replace(folder / "topic_trends.parquet")
    return report


def _entries(
    model: Topics, ids: tuple[int, ...], rows: pa.Table, quotable: pa.Table, quoted: int
) -> list[dict[str, Any]]:
    shares = as_matrix(quotable["topics"])
    texts, names = quotable["text"].to_pylist(), quotable["text_id"].to_pylist()
    largest = rows["topic"].to_numpy()
    entries = []
    for topic, identity in enumerate(ids):
        words = model.top_words(topic)
        said = quotes(texts, shares[:, topic], words, count=quoted) if texts else []
        entry: dict[str, Any] = {
            "topic": topic,
            "id": identity,
            "words": words,
            "share": round(float(np.mean(largest == topic)), 4) if len(largest) else 0.0,
            "quotes": [{"text_id": names[quote.place], "text": quote.text} for quote in said],
        }
        if (quality := model.quality) is not None:
            entry |= {
                "coherence": round(float(quality.coherence[topic]), 4),
                "c_v": round(float(quality.c_v[topic]), 4),
                "junk": bool(quality.junk[topic]),
            }
        entries.append(entry)
    return entries


def _quality(model: Topics) -> dict[str, Any]:
    kind = "clusters" if isinstance(model, ClusterModel) else "lda"
    quality = model.quality
    if quality is None:
        return {"kind": kind, "topics": 0, "junk": 0}
    shown = np.flatnonzero(~quality.junk)
    report: dict[str, Any] = {"kind": kind, "topics": len(quality.junk)}
    report["junk"] = int(quality.junk.sum())
    if shown.size:
        report |= {
            "c_npmi": round(float(quality.coherence[shown].mean()), 4),
            "c_v": round(float(quality.c_v[shown].mean()), 4),
            "diversity": round(diversity([model.top_words(int(topic)) for topic in shown]), 4),
        }
    return report


def _turnover(before: Memory, now: Memory) -> dict[str, int]:
    old, new = set(before.ids), set(now.ids)
    return {"new": len(new - old), "gone": len(old - new), "kept": len(new & old)}


def _remembered(path: Path) -> Memory:
    return Memory.model_validate_json(path.read_bytes()) if path.exists() else Memory()


def _keep(path: Path, content: object) -> None:
    draft = path.with_suffix(".draft")
    draft.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))
    draft.replace(path)
