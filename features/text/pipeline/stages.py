"""What is said of all texts together, once each of them was analyzed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.text.base import Analyzer
from features.text.cache import Cached
from features.text.embedding.vectors import Vectors
from features.text.facts.table import write_facts
from features.text.keywords import KeywordAnalyzer
from features.text.keywords.table import write_keywords
from features.text.pipeline.collect import stream
from features.text.pipeline.prepare import Prepared
from features.text.pipeline.report import keep
from features.text.quality.table import write_quality
from features.text.questions.table import write_questions
from features.text.signals.table import write_conversation_signals
from features.text.summary.table import write_summaries
from features.text.topics import TopicAnalyzer
from features.text.topics.table import write_topics

if TYPE_CHECKING:
    from ingest.store import Store
    from ingest.workspace import Workspace

Result = dict[str, Any]
_QUOTABLE = 20_000  # the latest texts, among which quotes are looked for
_SPOKEN = ["conversation_id", "message_id", "sender_role", "text", "occurred_at"]


@dataclass(frozen=True)
class Finished:
    """A run whose tables are written.

    Parameters
    ----------
    folder : Path
        Where they are.
    workspace : Path
        Folder of the workspace; pictures of messages are below it.
    store : Store
        The canonical tables.
    analyzers : mapping of str to Analyzer
        Those that were asked.
    cached : mapping of str to Cached
        The same, which remember what they said.
    vectors : callable
        Gives sentence vectors of n texts, those of the cache where it has them.
    zone : str
        The calendar of weeks and months.
    """

    folder: Path
    workspace: Path
    store: Store
    analyzers: Mapping[str, Analyzer]
    cached: Mapping[str, Cached]
    vectors: Vectors
    zone: str

    @classmethod
    def of(cls, workspace: Workspace, store: Store, prepared: Prepared, zone: str) -> Finished:
        """Return the run of a workspace with everything that was prepared for it."""
        return cls(
            folder=texts_folder(workspace),
            workspace=workspace.root,
            store=store,
            analyzers=prepared.asked.analyzers,
            cached=prepared.cached,
            vectors=prepared.learn_from,
            zone=zone,
        )

    @property
    def texts(self) -> Path:
        """``texts.parquet``."""
        return self.folder / "texts.parquet"


def texts_folder(workspace: Workspace) -> Path:
    """Return where the results of text analysis are."""
    return workspace.features / "text"


def topics(run: Finished) -> Result:
    """Write ``topics.json`` and what goes with it; an empty list without the analyzer."""
    analyzer = run.analyzers.get("topics")
    if not isinstance(analyzer, TopicAnalyzer):
        keep(run.folder / "topics.json", [])
        return {}
    rows = pq.read_table(run.texts, columns=["occurred_at", "topic"])
    quotable = latest(run.texts, ["text_id", "text", "topics"], _QUOTABLE)
    return write_topics(run.folder, analyzer, rows, quotable=quotable, zone=run.zone)


def quality(run: Finished) -> Result:
    """Write ``quality.json``: what is missing or of little use, by source."""
    clean, judged = run.cached.get("clean"), run.cached.get("quality")
    return {"sources": len(write_quality(run.folder, run.store, clean=clean, quality=judged))}


def facts(run: Finished) -> Result:
    """Suggest facts about customers in the canonical table ``facts``."""
    written = write_facts(run.store, stream(run.store), analyzer=run.cached.get("profile_facts"))
    return {"added": written.added, "retracted": written.retracted}


def keywords(run: Finished) -> Result:
    """Write the keywords of conversations and of periods."""
    analyzer = run.analyzers.get("keywords")
    if not isinstance(analyzer, KeywordAnalyzer):
        return {}
    said = pq.read_table(run.texts, columns=["text_id", "occurred_at", "text"])
    spoken = run.store.read("messages", columns=["message_id", "conversation_id"])
    rows = said.join(spoken, "text_id", "message_id").sort_by("text_id")
    write_keywords(run.folder, rows, analyzer, zone=run.zone)
    return {"texts": rows.num_rows}


def questions(run: Finished) -> Result:
    """Write who asked what, and which questions are the same."""
    columns = ["text_id", "customer_id", "occurred_at", "text"]
    batches = pq.ParquetFile(run.texts).iter_batches(columns=columns)
    return dict(write_questions(run.folder, batches, run.vectors))


def signals(run: Finished) -> Result:
    """Write what conversations tell: intent to buy, pain points, urgency and others."""
    found = write_conversation_signals(run.folder, run.store, analyzer=run.cached.get("signals"))
    return {"signals": found.num_rows}


def summaries(run: Finished) -> Result:
    """Write summaries of conversations and, where topics were asked for, of periods."""
    wanted = (pc.field("kind") == "text") & ~pc.field("recalled") & ~pc.field("private")
    messages = run.store.read("messages", columns=_SPOKEN, filter=wanted)
    trends = run.folder / "topic_trends.parquet"
    if "topics" not in run.analyzers or not trends.exists():
        return dict(write_summaries(run.folder, messages, zone=run.zone))
    texts = latest(run.texts, ["text_id", "text", "occurred_at", "topic"], _QUOTABLE)
    shares = pq.read_table(trends)
    return dict(write_summaries(run.folder, messages, texts, shares, zone=run.zone))


def pictures(run: Finished) -> Result:
    """Read the pictures that messages point to (optional packages of the extra ``ocr``)."""
    from features.text.ocr.table import write_ocr  # noqa: PLC0415 (ONNX models)

    write_ocr(run.folder, run.store, root=run.workspace)
    return {}


STAGES: dict[str, Callable[[Finished], Result]] = {
    "topics": topics,
    "quality": quality,
    "facts": facts,
    "keywords": keywords,
    "questions": questions,
    "signals": signals,
    "summaries": summaries,
    "pictures": pictures,
}


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


def kept_questions(folder: Path) -> Iterator[bytes]:
    """Yield the content hashes of the questions found last, whose vectors are worth keeping."""
    path = folder / "questions.parquet"
    if path.exists():
        yield from pq.read_table(path, columns=["key"])["key"].unique().to_pylist()
