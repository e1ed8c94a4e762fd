"""What a language model says about the texts and conversations of a workspace, as tables."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.text.llm.analyzer import LlmAnalyzer

if TYPE_CHECKING:
    from ingest.store import Store

_READ = ["conversation_id", "message_id", "sender_role", "text", "occurred_at"]
SUMMARIES = pa.schema(
    [
        ("conversation_id", pa.string()),
        ("place", pa.int32()),
        ("sentence", pa.string()),
        ("quote", pa.string()),
        ("message_id", pa.string()),
        ("status", pa.string()),
        ("reason", pa.string()),
    ]
)


@dataclass(frozen=True)
class Transcript:
    """A conversation as one text, a line a message.

    Attributes
    ----------
    text : str
        ``customer: …`` and so on; line breaks inside a message are spaces, so that nobody can
        write a line in another one's name.
    message_ids : tuple of str
        One a line.
    starts : tuple of int
        Where each line begins.
    """

    text: str
    message_ids: tuple[str, ...]
    starts: tuple[int, ...]

    @classmethod
    def of(cls, messages: Sequence[Mapping[str, Any]]) -> Transcript:
        """Return the transcript of messages with ``message_id``, ``sender_role`` and ``text``."""
        lines = [f"{one['sender_role']}: {' '.join(one['text'].split())}" for one in messages]
        starts = [0]
        for line in lines[:-1]:
            starts.append(starts[-1] + len(line) + 1)
        ids = tuple(one["message_id"] for one in messages)
        return cls("\n".join(lines), ids, tuple(starts[: len(lines)]))

    def message_at(self, start: int) -> str:
        """Return the id of the message that a place in the text belongs to."""
        return self.message_ids[bisect_right(self.starts, start) - 1]


def write_llm(folder: Path, analyzers: Sequence[LlmAnalyzer], *, batch: int = 256) -> None:
    """Ask about the texts of ``folder/texts.parquet``.

    Writes one table an analyzer, named after it, with ``text_id`` and its columns, and
    ``llm.json``: what became of the texts, and what it took.

    Parameters
    ----------
    folder : Path
        Where the results of text analysis are.
    analyzers : sequence of LlmAnalyzer
        Give them a ``cache``, so that a text is asked about once.
    batch : int
        Texts at a time; what is answered is kept after each.
    """
    texts = pq.ParquetFile(folder / "texts.parquet")
    for analyzer in analyzers:
        path = folder / f"{analyzer.name}.parquet"
        draft = path.with_suffix(".draft")
        schema = pa.schema([("text_id", pa.string()), *analyzer.schema])
        with pq.ParquetWriter(draft, schema, compression="zstd") as writer:
            for part in texts.iter_batches(batch, columns=["text_id", "text"]):
                found = analyzer.analyze(part["text"].to_pylist())
                ids = pa.array(part["text_id"].to_pylist(), pa.string())
                writer.write_table(found.add_column(0, "text_id", ids))
        draft.replace(path)
    _keep_report(folder / "llm.json", analyzers)


def write_summaries(folder: Path, store: Store, analyzer: LlmAnalyzer, *, batch: int = 64) -> None:
    """Summarize every conversation, each sentence with the message that it rests on.

    Writes ``llm_summaries.parquet`` with the columns of :data:`SUMMARIES`, where a conversation
    without an answer has one row without a sentence, and ``llm_summaries.json``.

    Parameters
    ----------
    folder : Path
        Where the results of text analysis are.
    store : Store
        Its text messages that were not recalled and are not private.
    analyzer : LlmAnalyzer
        Of the task ``summary``, or one with the same field ``sentences``.
    batch : int
        Conversations at a time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "llm_summaries.parquet"
    draft = path.with_suffix(".draft")
    conversations = _conversations(store)
    names = list(conversations)
    with pq.ParquetWriter(draft, SUMMARIES, compression="zstd") as writer:
        for start in range(0, len(names), batch):
            part = {name: conversations[name] for name in names[start : start + batch]}
            found = analyzer.analyze([one.text for one in part.values()]).to_pylist()
            rows = [
                row
                for (name, one), answer in zip(part.items(), found, strict=True)
                for row in _sentences(name, one, answer)
            ]
            writer.write_table(pa.Table.from_pylist(rows, schema=SUMMARIES))
    draft.replace(path)
    _keep_report(folder / "llm_summaries.json", [analyzer])


def _conversations(store: Store) -> dict[str, Transcript]:
    said = (pc.field("kind") == "text") & ~pc.field("recalled") & ~pc.field("private")
    rows = store.read("messages", columns=_READ, filter=said)
    rows = rows.filter(pc.not_equal(pc.utf8_trim_whitespace(pc.fill_null(rows["text"], "")), ""))
    order = [(name, "ascending") for name in ("conversation_id", "occurred_at", "message_id")]
    messages: dict[str, list[dict[str, Any]]] = {}
    for row in rows.sort_by(order).to_pylist():
        messages.setdefault(row["conversation_id"], []).append(row)
    return {name: Transcript.of(part) for name, part in messages.items()}


def _sentences(
    name: str, transcript: Transcript, answer: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    told = {"conversation_id": name, "status": answer["status"], "reason": answer["reason"]}
    sentences = answer["sentences"] or []
    if not sentences:
        yield told
    for place, one in enumerate(sentences):
        message = transcript.message_at(one["quote_start"])
        yield told | {
            "place": place, "sentence": one["text"], "quote": one["quote"], "message_id": message,
        }  # fmt: skip


def _keep_report(path: Path, analyzers: Sequence[LlmAnalyzer]) -> None:
    reports = [analyzer.report() for analyzer in analyzers]
    path.write_bytes(orjson.dumps(reports, option=orjson.OPT_INDENT_2))
