"""``conversation_summaries.parquet`` and ``period_summaries.parquet``."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.text.summary.conversation import Message, summarize
from features.text.summary.period import summarize_periods

_AT_A_TIME = 2000  # conversations written at a time, which bounds memory
SUMMARIES = pa.schema(
    [
        ("conversation_id", pa.string()),
        ("rank", pa.int32()),
        ("part", pa.string()),
        ("message_id", pa.string()),
        ("start", pa.int32()),
        ("end", pa.int32()),
        ("sentence", pa.string()),
    ]
)
_READ = ["conversation_id", "message_id", "sender_role", "text", "occurred_at"]


def write_summaries(
    folder: Path,
    messages: pa.Table,
    texts: pa.Table | None = None,
    trends: pa.Table | None = None,
    *,
    sentences: int = 3,
    zone: str = "UTC",
) -> dict[str, int]:
    """Write the summary of every conversation and, where topics are known, of every period.

    Parameters
    ----------
    folder : Path
        Gets ``conversation_summaries.parquet`` (:data:`SUMMARIES`) and, where ``texts`` and
        ``trends`` are given, ``period_summaries.parquet``
        (:data:`~features.text.summary.period.PERIODS`).
    messages : pyarrow.Table
        Columns ``conversation_id``, ``message_id``, ``sender_role``, ``text`` and ``occurred_at``;
        those of both sides, without those that were recalled or are private.
    texts, trends : pyarrow.Table, optional
        See :func:`~features.text.summary.period.summarize_periods`.
    sentences : int
        Most sentences of a conversation.
    zone : str
        The calendar of the trends.

    Returns
    -------
    dict
        How many conversations were summarized, and in how many sentences.
    """
    told = messages.select(_READ).filter(pc.is_valid(messages["text"]))
    told = told.sort_by([("conversation_id", "ascending"), ("occurred_at", "ascending")])
    names, firsts = _firsts(told)
    written = 0
    path = folder / "conversation_summaries.parquet"
    draft = path.with_suffix(".draft")
    with pq.ParquetWriter(draft, SUMMARIES, compression="zstd") as writer:
        for start in range(0, len(names), _AT_A_TIME):
            rows = [
                row
                for place in range(start, min(start + _AT_A_TIME, len(names)))
                for row in _rows(
                    told.slice(firsts[place], firsts[place + 1] - firsts[place]), sentences
                )
            ]
            writer.write_table(pa.Table.from_pylist(rows, schema=SUMMARIES))
            written += len(rows)
    draft.replace(path)
    if texts is not None and trends is not None:
        draft = (folder / "period_summaries.parquet").with_suffix(".draft")
        pq.write_table(summarize_periods(texts, trends, zone=zone), draft, compression="zstd")
        draft.replace(folder / "period_summaries.parquet")
    return {"conversations": len(names), "sentences": written}


def _firsts(told: pa.Table) -> tuple[list[str], list[int]]:
    """Return the conversations of a sorted table, where each begins, and where all end."""
    counted = pc.value_counts(told["conversation_id"].combine_chunks())
    names, counts = counted.field("values").to_pylist(), counted.field("counts").to_pylist()
    firsts = [0]
    for count in counts:
        firsts.append(firsts[-1] + count)
    return names, firsts


def _rows(conversation: pa.Table, sentences: int) -> list[dict[str, object]]:
    rows = conversation.to_pylist()
    name = rows[0]["conversation_id"]
    messages = [Message(**{k: v for k, v in row.items() if k != "conversation_id"}) for row in rows]
    return [
        {"conversation_id": name, "rank": rank, "part": one.part, "message_id": one.message_id,
         "start": one.start, "end": one.end, "sentence": one.text}
        for rank, one in enumerate(summarize(messages, sentences=sentences), start=1)
    ]  # fmt: skip
