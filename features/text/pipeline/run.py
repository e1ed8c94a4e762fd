"""Analyze every text of a workspace; only texts not seen before cost anything.

Texts stream by twice: once to see what there is and what transforms may be fitted on, once to
analyze them and to write the tables. Neither time are all of them in memory.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from sqlite3 import Connection
from time import perf_counter
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock

from features.text.base import content_hash, fingerprint
from features.text.cache import open_cache, prune
from features.text.context.readings import Readings
from features.text.context.windows import write_context
from features.text.embedding.embed import Embedder
from features.text.llm.table import write_llm
from features.text.pipeline.asked import Asked
from features.text.pipeline.batches import Batch
from features.text.pipeline.collect import stream
from features.text.pipeline.fitted import forget
from features.text.pipeline.outputs import RESULT, Output
from features.text.pipeline.prepare import Prepared, bar_of, prepare
from features.text.pipeline.report import keep, kept
from features.text.pipeline.settings import TextSettings
from features.text.pipeline.stages import STAGES, Finished, kept_questions, texts_folder
from features.text.pipeline.survey import Survey, survey
from features.text.pipeline.workers import Team, Workers
from features.text.pipeline.writing import drop_others, kept_mark, mark_of, writing
from features.text.sentiment.data import seeds
from features.text.taxonomy.table import sentences
from features.text.taxonomy.taxonomy import Taxonomy

if TYPE_CHECKING:
    from ingest.store import Store
    from ingest.workspace import Workspace

__all__ = ["RESULT", "TextSettings", "analyze_texts", "write_texts"]

log = logging.getLogger(__name__)


def analyze_texts(store: Store, workspace: Workspace, settings: TextSettings) -> pa.Table:
    """Do what :func:`write_texts` does and return ``texts.parquet``.

    Returns
    -------
    pyarrow.Table
        One row a text with the columns of :data:`RESULT`.
    """
    write_texts(store, workspace, settings)
    return pq.read_table(texts_folder(workspace) / "texts.parquet").replace_schema_metadata()


def write_texts(store: Store, workspace: Workspace, settings: TextSettings) -> dict[str, Any]:
    """Say of every text of the customers what language, mood and subject it has, and more.

    Kept below ``workspace.features/"text"``: ``texts.parquet`` and a table for every further
    analyzer, ``entities.parquet`` (what texts name, personal data masked), ``labels.parquet``
    (where they belong in the taxonomies asked for), ``labels.json`` (how good that is),
    ``topics.json`` (words and share of each topic), ``report.json`` (what is returned), ``cache/``
    and ``fitted/``. A table that would not change is left alone.

    Parameters
    ----------
    store : Store
        Read: feedback, and text messages of customers that were not recalled.
    workspace : Workspace
        Where results are kept. One run at a time; another one waits.
    settings : TextSettings
        Analyzers, number of topics, the time that fitting may look until, and so on.

    Returns
    -------
    dict
        What was fitted on what, how good it is, how many texts were really analyzed, seconds.
    """
    folder = texts_folder(workspace)
    folder.mkdir(parents=True, exist_ok=True)
    took = _Clock()
    with FileLock(folder / ".lock"), open_cache(folder / "cache" / "texts.sqlite") as connection:
        seen = survey(store, settings, _readings(folder, store, settings))
        took("survey")
        prepared = prepare(folder, store, connection, seen, settings)
        took("fit")
        rows = _write(folder, store, seen, prepared, settings)
        took("analyze")
        run = Finished.of(workspace, store, prepared, settings.zone)
        stages = _finish(run, seen, prepared.asked, settings)
        took("stages")
        forgotten = _forget(folder, connection, seen, prepared.taxonomies)
        took("forget")
    classifiers = prepared.asked.classifiers
    keep(folder / "labels.json", {one.taxonomy.name: dict(one.report()) for one in classifiers})
    report = {
        "texts": seen.texts,
        "simulated": seen.simulated,
        "analyzed": {name: cached.analyzed for name, cached in prepared.cached.items()},
        "written": rows,
        "stages": stages,
        "forgotten": forgotten,
        "fitted": {**prepared.fitted.report, "reused": prepared.fitted.reused},
        "versions": prepared.asked.versions,
        "seconds": round(sum(took.seconds.values()), 2),
        "seconds_by_part": took.seconds,
        "finished_at": datetime.now(UTC).isoformat(),
        "digest": seen.digest,
    }
    keep(folder / "report.json", report)
    log.info("texts: %d, analyzed now: %s", seen.texts, report["analyzed"])
    return report


class _Clock:
    """Remembers how long each part of a run took, in seconds."""

    def __init__(self) -> None:
        self._last = perf_counter()
        self.seconds: dict[str, float] = {}

    def __call__(self, part: str) -> None:
        now = perf_counter()
        self.seconds[part] = round(now - self._last, 2)
        self._last = now


def _readings(folder: Path, store: Store, settings: TextSettings) -> Readings:
    """Return how texts are read; earlier turns matter to taxonomies only."""
    if not settings.taxonomies:
        return Readings({})
    return Readings.with_windows(write_context(folder, store))


def _write(
    folder: Path, store: Store, seen: Survey, prepared: Prepared, settings: TextSettings
) -> dict[str, int]:
    """Write the tables that would change and return how many rows each got."""
    outputs = prepared.asked.outputs
    marks = {one: mark_of(one, prepared.asked.versions, seen.digest) for one in outputs}
    todo = {one: mark for one, mark in marks.items() if kept_mark(_path(folder, one)) != mark}
    drop_others(folder, outputs)
    if not todo:
        return {}
    needed = {Embedder.name, *(name for one in todo for name in one.reads)}
    cached = {name: one for name, one in prepared.cached.items() if name in needed}
    team = Team([prepared.asked.analyzers[name] for name in cached], prepared.shared)
    with (
        writing(folder, todo) as tables,
        Workers(team, settings.workers) as workers,
        bar_of(seen.texts, "texts", settings) as bar,
    ):
        batches = (
            Batch(rows, seen.readings.of(rows), cached, prepared.asked.reads)
            for rows in stream(store, settings.batch)
        )
        for batch, answers in workers.each((batch, batch.job()) for batch in batches):
            tables.add(batch.rows, batch.found(answers))
            bar.update(batch.rows.num_rows)
    return tables.rows


def _finish(run: Finished, seen: Survey, asked: Asked, settings: TextSettings) -> dict[str, Any]:
    """Do the stages whose result would change and return what each says of itself."""
    place = run.folder / "stages.json"
    before = kept(place)
    mark = fingerprint(seen.digest, sorted(asked.versions.items()), settings.zone)
    found: dict[str, Any] = {}
    for name in settings.stages:
        known = before.get(name, {})
        found[name] = known if known.get("mark") == mark else {**STAGES[name](run), "mark": mark}
        keep(place, {**before, **found})
    if asked.models and before.get("models") != {"mark": mark}:
        write_llm(run.folder, asked.models)
        keep(place, {**before, **found, "models": {"mark": mark}})
    return found


def _path(folder: Path, output: Output) -> Path:
    return folder / f"{output.name}.parquet"


def _forget(
    folder: Path, connection: Connection, seen: Survey, taxonomies: Sequence[Taxonomy]
) -> int:
    """Forget what the cache and the fits know of texts that are gone."""
    if kept(folder / "report.json").get("digest") == seen.digest:
        return 0
    forget(folder / "fitted", seen.hashes)
    ours = {seed for seed, _ in seeds()} | sentences(taxonomies)
    living = (row.tobytes() for row in seen.hashes)
    told = (content_hash(text) for text in ours)
    return prune(connection, chain(living, told, kept_questions(folder)))
