"""Sentence vectors for the benchmark, computed once and kept by content."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from tqdm import tqdm

from features.text.base import Analyzer
from features.text.cache import Cached, open_cache
from features.text.classifier.model import FloatArray, Vectors
from features.text.embedding.e5 import E5Embedder
from features.text.embedding.embed import Embedder, as_matrix
from features.text.embedding.vectors import SideBySide
from training.text.minilm import MiniLmEmbedder

CACHE = "text_benchmark.sqlite"
Encoder = Literal["use", "e5", "minilm"]
_ENCODERS: dict[Encoder, Callable[[], Analyzer]] = {
    "use": Embedder,
    "e5": E5Embedder,
    "minilm": MiniLmEmbedder,
}
_BATCH = 256  # texts whose vectors are written at a time, so that little is lost when killed


def encoder(cache: Path, *names: Encoder) -> Vectors:
    """Return a callable that gives the vectors of texts, those of all encoders side by side.

    Parameters
    ----------
    cache : Path
        Folder that holds ``text_benchmark.sqlite``.
    names : {"use", "e5", "minilm"}
        The house's encoder, the better and slower one, and one of English alone.
    """
    return SideBySide(tuple(partial(_encoded, cache / CACHE, name) for name in names))


def _encoded(path: Path, name: Encoder, texts: Sequence[str]) -> FloatArray:
    with open_cache(path) as connection:
        cached = Cached(_ENCODERS[name](), connection)
        missing = cached.missing(texts)
        with tqdm(
            total=len(missing), desc=f"{name} vectors", unit=" texts", disable=not missing
        ) as bar:
            for start in range(0, len(missing), _BATCH):
                part = missing[start : start + _BATCH]
                cached.analyze(part)
                bar.update(len(part))
        return as_matrix(cached.analyze(texts)[cached.name])
