"""A week or a month in a few sentences: the subjects talked about most, and what changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.text.base import content_hash
from features.text.pii.mask import mask
from features.text.sentences import sentences as split
from features.text.summary.rank import centrality, choose, likeness
from features.text.tokenize import words

_READ = 200  # texts of a topic and period that its sentences are chosen from
_LONGEST = 160  # characters of a sentence that is read at a glance
_WORDS = 3  # words of a sentence that says something
_TIME = pa.timestamp("us", tz="UTC")
PERIODS = pa.schema(
    [
        ("period", pa.string()),
        ("since", _TIME),
        ("rank", pa.int32()),
        ("topic_id", pa.int32()),
        ("share", pa.float64()),
        ("change", pa.float64()),
        ("real", pa.bool_()),
        ("text_id", pa.string()),
        ("start", pa.int32()),
        ("end", pa.int32()),
        ("sentence", pa.string()),
    ]
)


def summarize_periods(
    rows: pa.Table,
    trends: pa.Table,
    *,
    topics: int = 3,
    sentences: int = 2,
    zone: str = "UTC",
) -> pa.Table:
    """Return sentences that stand for the subjects of each period.

    Parameters
    ----------
    rows : pyarrow.Table
        Columns ``text_id``, ``text``, ``occurred_at`` and ``topic``, one row a text.
    trends : pyarrow.Table
        From :func:`features.text.topics.trends.topic_trends`, of one kind of period or of several.
    topics : int
        Most subjects of a period. Those that really changed come first, then the largest.
    sentences : int
        Most sentences of a subject.
    zone : str
        The calendar that the trends were made in.

    Returns
    -------
    pyarrow.Table
        With the columns of :data:`PERIODS`: ``share`` and ``change`` are those of the subject, and
        ``sentence`` is masked; ``text_id``, ``start`` and ``end`` say where it stands.
    """
    found: list[dict[str, Any]] = []
    for period in pc.unique(trends["period"]).to_pylist():
        chosen = trends.filter((pc.field("period") == period) & (pc.field("texts") > 0))
        local = rows["occurred_at"].cast(pa.timestamp("us", tz=zone))
        told = rows.append_column("since", pc.floor_temporal(local, unit=period).cast(_TIME))
        for since in pc.unique(chosen["since"]).to_pylist():
            moment = pc.field("since") == pa.scalar(since, _TIME)
            subjects = sorted(
                chosen.filter(moment).to_pylist(),
                key=lambda row: (not row["real"], -row["share"], row["topic_id"]),
            )
            here = told.filter(moment)
            found += _rows(here, subjects[:topics], sentences)
    return pa.Table.from_pylist(found, schema=PERIODS)


def _rows(
    rows: pa.Table, subjects: list[dict[str, Any]], sentences: int
) -> Iterator[dict[str, Any]]:
    rank = 0
    for subject in subjects:
        texts = rows.filter(pc.field("topic") == subject["topic"]).to_pylist()
        given = {
            name: subject[name]
            for name in ("period", "since", "topic_id", "share", "change", "real")
        }
        for place in _central(texts, sentences):
            rank += 1
            yield given | place | {"rank": rank}


def _central(texts: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """Return the most central sentences of some texts; their order has no influence."""
    texts = sorted(texts, key=lambda row: (content_hash(row["text"]), row["text_id"]))[:_READ]
    said = [
        (row, start, end)
        for row in texts
        for start, end in split(row["text"])
        if end - start <= _LONGEST and len(words(row["text"][start:end])) >= _WORDS
    ]
    if not said:
        return []
    alike = likeness([row["text"][start:end] for row, start, end in said])
    chosen = choose(np.asarray(centrality(alike)), alike, count)
    return [
        {
            "text_id": said[place][0]["text_id"],
            "start": said[place][1],
            "end": said[place][2],
            "sentence": mask(said[place][0]["text"][said[place][1] : said[place][2]]),
        }
        for place in chosen
    ]
