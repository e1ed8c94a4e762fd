"""Answers kept by content: a text that a model answered once is not asked about again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from features.text.cache import Cached, open_cache


class Memory:
    """Raw answers in the text cache, which holds tokens where the text had personal data.

    Only what is given to :meth:`keep` is kept, so that a failure is asked about again.

    Parameters
    ----------
    path : Path or None
        SQLite file, see :func:`features.text.cache.open_cache`; None keeps nothing.
    name : str
        Table in it.
    version : str
        Changes whenever the same text may be answered in another way.
    """

    def __init__(self, path: Path | None, *, name: str, version: str) -> None:
        self._path = path
        self._name = name
        self._version = version

    def held(self, texts: Sequence[str]) -> dict[str, str]:
        """Return the answers that are kept, by text."""
        if self._path is None:
            return {}
        with open_cache(self._path) as connection:
            cached = Cached(_Given(self._name, self._version, {}), connection)
            missing = set(cached.missing(texts))
            known = [text for text in texts if text not in missing]
            return dict(zip(known, cached.analyze(known)["answer"].to_pylist(), strict=True))

    def keep(self, answers: Mapping[str, str]) -> None:
        """Keep these answers, by text."""
        if self._path is None or not answers:
            return
        with open_cache(self._path) as connection:
            Cached(_Given(self._name, self._version, answers), connection).analyze(list(answers))


class _Given:
    """Answers at hand, in the shape that the cache asks for what it does not hold."""

    schema = pa.schema([("answer", pa.string())])

    def __init__(self, name: str, version: str, answers: Mapping[str, str]) -> None:
        self.name = name
        self.version = version
        self._answers = answers

    def analyze(self, texts: Sequence[str]) -> pa.Table:
        return pa.table({"answer": [self._answers[text] for text in texts]}, schema=self.schema)
