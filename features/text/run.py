"""Analyze every text of a workspace; only texts not seen before cost anything."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from filelock import FileLock
from numpy.typing import NDArray
from tqdm import tqdm

from features.text.base import content_hash
from features.text.cache import Cached, open_cache, prune
from features.text.collect import ROWS, collect, known_before
from features.text.corpus import Corpus
from features.text.embed import Embedder, as_matrix
from features.text.entities.table import write_entities
from features.text.fitted import Fitted, fit_or_load, forget
from features.text.language import LanguageAnalyzer
from features.text.sentiment_data import seeds
from features.text.settings import TextSettings
from features.text.taxonomy.table import sentences, write_labels

if TYPE_CHECKING:
    from ingest.store import Store
    from ingest.workspace import Workspace

__all__ = ["RESULT", "TextSettings", "analyze_texts"]

log = logging.getLogger(__name__)

_GIVEN = [name for name in ROWS.names if name not in ("rating", "text")]
_FOUND = pa.schema(
    [
        ("language", pa.string()),
        ("sentiment", pa.string()),
        ("polarity", pa.float32()),
        ("confidence", pa.float32()),
        ("topic", pa.int16()),
        ("topics", pa.list_(pa.float32())),
        ("keywords", pa.list_(pa.string())),
        ("embedding", pa.list_(pa.float32())),
    ]
)
RESULT = pa.schema([*(ROWS.field(name) for name in _GIVEN), *_FOUND, ROWS.field("text")])

_SPAWN_FROM = 2500  # missing vectors from which starting more processes pays


def analyze_texts(store: Store, workspace: Workspace, settings: TextSettings) -> pa.Table:
    """Say of every text of the customers what language, mood and subject it has.

    Kept below ``workspace.features/"text"``: ``texts.parquet`` (what is returned),
    ``entities.parquet`` (what they name, personal data masked), ``labels.parquet`` (where they
    belong in the taxonomies asked for), ``topics.json`` (words and share of each topic),
    ``report.json`` (what was fitted on what, how good it is, how many texts were really analyzed,
    seconds), ``cache/`` and ``fitted/``.

    Parameters
    ----------
    store : Store
        Read: feedback, and text messages of customers that were not recalled.
    workspace : Workspace
        Where results are kept. One run at a time; another one waits.
    settings : TextSettings
        Number of topics, the time that fitting may look until, and so on.

    Returns
    -------
    pyarrow.Table
        One row a text with the columns of :data:`RESULT`.
    """
    folder = workspace.features / "text"
    folder.mkdir(parents=True, exist_ok=True)
    started = perf_counter()
    with FileLock(folder / ".lock"), open_cache(folder / "cache" / "texts.sqlite") as connection:
        rows = collect(store)
        corpus = Corpus.of(known_before(rows, settings.fit_until))
        embedding = _embedding(connection, corpus, rows, settings)
        fitted = fit_or_load(folder / "fitted", corpus, settings, _vectors(embedding, settings))
        plain = Cached(LanguageAnalyzer(), connection)
        learned = [Cached(analyzer, connection) for analyzer in fitted.analyzers]
        analyzers = [plain, *learned, embedding]
        _write(folder / "texts.parquet", rows, analyzers, settings)
        analyzers += write_entities(folder / "entities.parquet", store, rows, connection, settings)
        write_labels(folder, _vectors(embedding, settings), settings)
        living = {content_hash(text) for text in _texts(rows)}
        forget(folder / "fitted", living)
        ours = {seed for seed, _ in seeds()} | sentences(settings)
        forgotten = prune(connection, living | {content_hash(text) for text in ours})
    table = pq.read_table(folder / "texts.parquet")
    _keep(folder / "topics.json", _topics(fitted, table))
    report = _report(fitted, rows, analyzers, forgotten, perf_counter() - started)
    _keep(folder / "report.json", report)
    log.info("texts: %d, analyzed now: %s", rows.num_rows, report["analyzed"])
    return table


def _embedding(
    connection: sqlite3.Connection, corpus: Corpus, rows: pa.Table, settings: TextSettings
) -> Cached:
    """Compute missing vectors, those that are fitted on first.

    A vector's last bits depend on the texts computed beside it; in this order what is fitted cannot
    depend, not even by a bit, on later texts.
    """
    embedder = Embedder(characters=settings.characters)
    cached = Cached(embedder, connection)
    first = cached.missing(corpus.texts)
    chosen = set(first)
    rest = [text for text in cached.missing(_texts(rows)) if text not in chosen]
    workers = settings.workers if len(first) + len(rest) >= _SPAWN_FROM else 1
    with embedder.processes(workers), _bar(len(first) + len(rest), "vectors", settings) as bar:
        for part in (first, rest):
            for batch in _batches(part, settings.batch):
                cached.analyze(batch)
                bar.update(len(batch))
    return cached


def _vectors(embedding: Cached, settings: TextSettings) -> Any:
    def vectors(texts: Sequence[str]) -> NDArray[np.float32]:
        parts = [
            as_matrix(embedding.analyze(batch)["embedding"])
            for batch in _batches(texts, settings.batch)
        ]
        return np.concatenate([as_matrix(pa.chunked_array([], pa.list_(pa.float32()))), *parts])

    return vectors


def _write(path: Path, rows: pa.Table, analyzers: Sequence[Cached], settings: TextSettings) -> None:
    """Write the result batch by batch beside its place, then move it there."""
    draft = path.with_suffix(".draft")
    plain = [field.name for field in RESULT if field.name not in ("topics", "embedding")]
    with (
        pq.ParquetWriter(draft, RESULT, use_dictionary=plain, compression="zstd") as writer,
        _bar(rows.num_rows, "texts", settings) as bar,
    ):
        for start in range(0, rows.num_rows, settings.batch):
            part = rows.slice(start, settings.batch)
            texts = part["text"].to_pylist()
            found = [analyzer.analyze(texts) for analyzer in analyzers]
            columns = {name: table[name] for table in found for name in table.column_names}
            columns |= {name: part[name] for name in (*_GIVEN, "text")}
            writer.write_table(pa.table([columns[name] for name in RESULT.names], schema=RESULT))
            bar.update(part.num_rows)
    draft.replace(path)


def _topics(fitted: Fitted, table: pa.Table) -> list[dict[str, Any]]:
    model = fitted.topics.model
    if not model.vocabulary:
        return []
    total = max(1, table.num_rows)
    counts = {row["values"]: row["counts"] for row in pc.value_counts(table["topic"]).to_pylist()}
    return [
        {
            "topic": topic,
            "words": model.top_words(topic),
            "share": round(counts.get(topic, 0) / total, 4),
        }
        for topic in range(len(model.alpha))
    ]


def _report(
    fitted: Fitted, rows: pa.Table, analyzers: Sequence[Cached], forgotten: int, seconds: float
) -> dict[str, Any]:
    return {
        "texts": rows.num_rows,
        "simulated": pc.sum(pc.equal(rows["source"], "simulated")).as_py() or 0,
        "analyzed": {analyzer.name: analyzer.analyzed for analyzer in analyzers},
        "forgotten": forgotten,
        "fitted": {**fitted.report, "reused": fitted.reused},
        "versions": {analyzer.name: analyzer.version for analyzer in analyzers},
        "seconds": round(seconds, 2),
        "finished_at": datetime.now(UTC).isoformat(),
    }


def _keep(path: Path, content: object) -> None:
    draft = path.with_suffix(".draft")
    draft.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))
    draft.replace(path)


def _texts(rows: pa.Table) -> list[str]:
    texts: list[str] = rows["text"].to_pylist()
    return texts


def _batches(texts: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(texts), size):
        yield texts[start : start + size]


@contextmanager
def _bar(total: int, what: str, settings: TextSettings) -> Iterator[tqdm[Any]]:
    with tqdm(total=total, desc=what, unit=" texts", disable=not settings.progress) as bar:
        yield bar
