"""How much personal data is found, and how much of what is found is any, on messages of our own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter

from features.text.pii.recognize import find_pii
from training.textbench.marked import GOLDEN, Marked, interval, read_marked, scores
from training.textbench.row import Row

_METRICS = ("precision", "recall", "f1")


def measure(data: Path, cache: Path) -> Iterator[Row]:
    """Yield precision, recall and F1 of exact spans: overall, by language, by half and by kind.

    Of each language, one half (``held``) was written before any output on it was seen; only its
    totals were looked at while recognizers were changed.

    Parameters
    ----------
    data, cache : Path
        Not needed: the messages are part of the project (``tests/golden/text/pii.yaml``).
    """
    del data, cache
    parts = read_marked(GOLDEN / "pii.yaml")
    every = [one for told in parts.values() for one in told]
    yield from _rows("all", every)
    for language in ("zh", "en"):
        mine = [one for part, told in parts.items() if part.startswith(language) for one in told]
        yield from _rows(language, mine)
    for part, told in parts.items():
        yield from _rows(part.replace("_", " "), told)
    found = [_found(one.text) for one in every]
    for kind, score in scores([one.spans for one in every], found).items():
        if kind != "all":
            for metric in _METRICS:
                value = getattr(score, metric)
                yield Row("pii", "all", kind, metric, value, n=score.there)


def _rows(protocol: str, told: Sequence[Marked]) -> Iterator[Row]:
    started = perf_counter()
    found = [_found(one.text) for one in told]
    seconds = perf_counter() - started
    want = [one.spans for one in told]
    score = scores(want, found)["all"]
    for metric in _METRICS:
        low, high = interval(want, found, metric)
        value = getattr(score, metric)
        yield Row("pii", protocol, "rules", metric, value, low, high, score.there, seconds)


def _found(text: str) -> set[tuple[str, int, int]]:
    return {(span.kind, span.start, span.end) for span in find_pii(text)}
