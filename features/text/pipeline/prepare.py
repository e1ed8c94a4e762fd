"""Everything a run needs before it reads the first batch: what is learned, and who is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Connection
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from tqdm import tqdm

from features.text.base import content_hash
from features.text.cache import Cached
from features.text.embedding.embed import Embedder, as_matrix
from features.text.embedding.vectors import FloatArray, SharedVectors, Vectors
from features.text.entities.products import Catalog
from features.text.pipeline.asked import Asked, asked
from features.text.pipeline.fitted import Fitted, fit_or_load
from features.text.pipeline.recipes import RECIPES, Recipe, Sources
from features.text.pipeline.settings import TextSettings
from features.text.pipeline.survey import Survey
from features.text.pipeline.workers import Job, Team, Workers
from features.text.taxonomy.chosen import Chosen, classifier_for
from features.text.taxonomy.student import StudentRecipe, with_quality
from features.text.taxonomy.table import sentences
from features.text.taxonomy.taxonomy import Taxonomy, named_taxonomy

if TYPE_CHECKING:
    from ingest.store import Store


@dataclass(frozen=True)
class Prepared:
    """A run's analyzers, ready.

    Parameters
    ----------
    asked : Asked
        Analyzers and the tables made of their answers.
    cached : mapping of str to Cached
        The same analyzers, which remember.
    shared : SharedVectors
        Where they take sentence vectors from.
    fitted : Fitted
        What was learned from the business's own texts.
    taxonomies : sequence of Taxonomy
        What texts are sorted by.
    learn_from : callable
        Gives the vectors of any texts, from the cache where it has them.
    """

    asked: Asked
    cached: Mapping[str, Cached]
    shared: SharedVectors
    fitted: Fitted
    taxonomies: Sequence[Taxonomy]
    learn_from: Vectors


def prepare(
    folder: Path, store: Store, connection: Connection, seen: Survey, settings: TextSettings
) -> Prepared:
    """Fit what must be fitted and build every analyzer.

    ``folder`` holds the results of text analysis, ``connection`` is its open cache.
    """
    shared = SharedVectors(Embedder(characters=settings.characters))
    embedding = Cached(shared, connection)
    learn_from = _vectors(embedding, shared, settings)
    vectors = shared if embedding.name in settings.analyzers else None
    sources = Sources(seen.corpus, settings, learn_from, vectors, shared.version)
    taxonomies = [named_taxonomy(name) for name in settings.taxonomies]
    told = sorted(sentences(taxonomies))
    shared.remember(told, learn_from(told))
    classifiers = [classifier_for(one, folder, shared) for one in taxonomies]
    fitted = fit_or_load(folder / "fitted", sources, _recipes(settings, classifiers, vectors))
    classifiers = [_taught(one, fitted) for one in classifiers]
    provided = {
        "vectors": lambda: shared,
        "fitted": lambda: fitted,
        "cache": lambda: folder / "cache" / "texts.sqlite",
        "catalog": lambda: Catalog.of_items(store.read("items", columns=["item_id", "title"])),
    }
    wanted = asked(settings, classifiers, provided)
    cached = {name: Cached(one, connection) for name, one in wanted.analyzers.items()}
    if embedding.name in cached:
        cached[embedding.name] = embedding
    return Prepared(wanted, cached, shared, fitted, taxonomies, learn_from)


def _taught(classifier: Chosen, fitted: Fitted) -> Chosen:
    """Return the student of a classifier where there is one, else the classifier."""
    student = fitted.analyzers.get(classifier.name)
    if not isinstance(student, Chosen):
        return classifier
    return with_quality(student, fitted.report["students"][classifier.taxonomy.name])


def _recipes(
    settings: TextSettings, classifiers: Sequence[Chosen], vectors: Vectors | None
) -> dict[str, Recipe]:
    """Return how everything learns that is asked for."""
    found = {name: RECIPES[name] for name in settings.analyzers if name in RECIPES}
    if vectors is None:
        found |= {one.name: StudentRecipe(one) for one in classifiers if one.reads_vectors}
    return found


def _vectors(embedding: Cached, shared: SharedVectors, settings: TextSettings) -> Vectors:
    """Return a function that gives vectors from the cache, computing those that it misses.

    A vector's last bits depend on the texts computed beside it. What is fitted asks first, so that
    it cannot depend, not even by a bit, on later texts.
    """

    def vectors(texts: Sequence[str]) -> FloatArray:
        missing = embedding.missing(texts)
        jobs = [Job({shared.name: part}) for part in _parts(missing, settings.batch)]
        with (
            Workers(Team([shared], shared), settings.workers) as workers,
            bar_of(len(missing), "vectors to learn from", settings) as bar,
        ):
            for job, answers in workers.each((job, job) for job in jobs):
                part = job.texts[shared.name]
                embedding.write([content_hash(text) for text in part], answers[shared.name])
                bar.update(len(part))
        known = [
            as_matrix(embedding.analyze(part)[shared.name])
            for part in _parts(texts, settings.batch)
        ]
        return np.concatenate([as_matrix(pa.chunked_array([], pa.list_(pa.float32()))), *known])

    return vectors


def _parts(texts: Sequence[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(texts), size):
        yield list(texts[start : start + size])


@contextmanager
def bar_of(total: int, what: str, settings: TextSettings) -> Iterator[tqdm[Any]]:
    """Show a progress bar of texts while inside, unless there is nothing or nobody to show it."""
    hidden = not (settings.progress and total)
    with tqdm(total=total, desc=what, unit=" texts", disable=hidden) as bar:
        yield bar
