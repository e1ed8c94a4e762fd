"""How many facts about their writers are found in sentences of our own, and how many are right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import yaml

from features.text.facts.extract import find_facts
from training.textbench.marked import GOLDEN, Place, interval, scores
from training.textbench.row import Row

_METRICS = ("precision", "recall", "f1")


def measure(data: Path, cache: Path) -> Iterator[Row]:
    """Yield precision, recall and F1 of facts, field and value both right, by half and by field.

    Of one half (``held``) only
    totals were looked at; both were written by the hand that wrote the patterns.

    Parameters
    ----------
    data, cache : Path
        Not needed: the sentences are part of the project (``tests/golden/text/facts.yaml``).
    """
    del data, cache
    parts = golden()
    for half in ("dev", "held"):
        pairs = [pair for part, told in parts.items() if part.endswith(half) for pair in told]
        started = perf_counter()
        found = [_places(said(text)) for text, _ in pairs]
        seconds = perf_counter() - started
        want = [_places(told) for _, told in pairs]
        for field, score in scores(want, found).items():
            for metric in _METRICS:
                low, high = interval(want, found, metric) if field == "all" else (None, None)
                value = getattr(score, metric)
                yield Row("facts", half, field, metric, value, low, high, score.there, seconds)


def golden() -> dict[str, list[tuple[str, set[tuple[str, str]]]]]:
    """Return each part's sentences and the ``(field, value)`` pairs that they say."""
    told = yaml.safe_load((GOLDEN / "facts.yaml").read_text(encoding="utf-8"))
    return {part: [_read(line) for line in lines] for part, lines in told.items()}


def said(text: str) -> set[tuple[str, str]]:
    """Return the ``(field, value)`` pairs that are found in a text."""
    return {(fact.field, fact.value) for fact in find_facts(text)}


def _read(line: str) -> tuple[str, set[tuple[str, str]]]:
    text, _, told = line.rpartition("|")
    pairs = (one.strip().partition("=") for one in told.split(";") if one.strip())
    return text.strip(), {(field, value) for field, _, value in pairs}


def _places(pairs: set[tuple[str, str]]) -> set[Place]:
    """Return the pairs as places, so that they are scored alike: equal values, equal places."""
    return {(field, hash(value), 0) for field, value in pairs}
