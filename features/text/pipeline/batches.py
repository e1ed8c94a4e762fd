"""A batch of texts: what the cache knows of it, what must be found out, and both together."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from features.text.base import content_hash
from features.text.cache import Cached
from features.text.context.readings import Reading
from features.text.embedding.embed import WIDTH, Embedder, as_matrix
from features.text.pipeline.workers import Answers, Job


class Batch:
    """Texts on their way from the store to the tables.

    Parameters
    ----------
    rows : pyarrow.Table
        Texts with what is given about them.
    readings : mapping of Reading to list of str
        Every way the texts are read.
    cached : mapping of str to Cached
        Analyzers to ask, by name.
    reads : mapping of str to Reading
        How each of them reads texts.
    """

    def __init__(
        self,
        rows: pa.Table,
        readings: Mapping[Reading, list[str]],
        cached: Mapping[str, Cached],
        reads: Mapping[str, Reading],
    ) -> None:
        self.rows = rows
        self._cached = cached
        hashes = {
            reading: [content_hash(text) for text in readings[reading]]
            for reading in {reads[name] for name in cached}
        }
        self._texts = {
            key: text
            for reading, keys in hashes.items()
            for key, text in zip(keys, readings[reading], strict=True)
        }
        self._hashes = {name: hashes[reads[name]] for name in cached}
        self._known = {name: one.read(self._hashes[name]) for name, one in cached.items()}
        self._missing = {
            name: [key for key in dict.fromkeys(self._hashes[name]) if key not in places]
            for name, (_, places) in self._known.items()
        }

    def job(self) -> Job:
        """Return what must be found out, with the vectors that are known of texts asked about."""
        texts = {
            name: [self._texts[key] for key in keys] for name, keys in self._missing.items() if keys
        }
        if Embedder.name not in self._known:
            return Job(texts)
        rows, places = self._known[Embedder.name]
        asked = {key for name, keys in self._missing.items() for key in keys if key in places}
        chosen = [(key, places[key]) for key in self._texts if key in asked]
        take = pa.array([place for _, place in chosen], pa.int64())
        vectors = as_matrix(rows["embedding"].take(take)) if chosen else _NO_VECTORS
        return Job(texts, [self._texts[key] for key, _ in chosen], vectors)

    def found(self, answers: Answers) -> dict[str, pa.Table]:
        """Keep the answers to :meth:`job` and return all, a row a text and analyzer, in order."""
        return {name: self._both(name, answers.get(name)) for name in self._known}

    def _both(self, name: str, new: pa.Table | None) -> pa.Table:
        rows, places = self._known[name]
        if new is not None:
            keys = self._missing[name]
            self._cached[name].write(keys, new)
            places = places | {key: rows.num_rows + at for at, key in enumerate(keys)}
            rows = pa.concat_tables([rows, new])
        return rows.take(pa.array([places[key] for key in self._hashes[name]], pa.int64()))


_NO_VECTORS = np.zeros((0, WIDTH), dtype=np.float32)
