"""How many relations and events of sentences of our own are found, and how many are right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import yaml

from features.text.relations.events import find_events
from features.text.relations.relations import find_relations
from training.textbench.marked import GOLDEN, Place, interval, scores
from training.textbench.row import Row

_METRICS = ("precision", "recall", "f1")
_EVENTS = frozenset({"refund", "return", "complaint", "purchase", "appointment"})


def measure(data: Path, cache: Path) -> Iterator[Row]:
    """Yield precision, recall and F1 of relations and of events, by half and by kind.

    A relation is right with its target, an event with whether it is denied or supposed. Of one
    half (``held``) only totals were looked at; both were written by the hand that wrote the
    patterns.

    Parameters
    ----------
    data, cache : Path
        Not needed: the sentences are part of the project (``tests/golden/text/relations.yaml``).
    """
    del data, cache
    parts = golden()
    for half in ("dev", "held"):
        pairs = [pair for part, told in parts.items() if part.endswith(half) for pair in told]
        started = perf_counter()
        found = [said(text) for text, _ in pairs]
        seconds = perf_counter() - started
        for kind, score in scores([want for _, want in pairs], found).items():
            for metric in _METRICS:
                low = high = None
                if kind == "all":
                    low, high = interval([want for _, want in pairs], found, metric)
                value = getattr(score, metric)
                yield Row("relations", half, kind, metric, value, low, high, score.there, seconds)


def golden() -> dict[str, list[tuple[str, set[Place]]]]:
    """Return each part's sentences and what they say, as :func:`said` does."""
    told = yaml.safe_load((GOLDEN / "relations.yaml").read_text(encoding="utf-8"))
    return {part: [_read(line) for line in lines] for part, lines in told.items()}


def said(text: str) -> set[Place]:
    """Return ``(kind, start, end)`` of relations' targets, ``(kind, polarity, 0)`` of events.

    The polarity is -1 where an event is denied, 1 where it is supposed, else 0.
    """
    found: set[Place] = {
        (one.relation, one.thing.start, one.thing.end) for one in find_relations(text)
    }
    return found | {(e.event, int(e.supposed) - int(e.denied), 0) for e in find_events(text)}


def _read(line: str) -> tuple[str, set[Place]]:
    """Return a sentence and what it says; a target may hold blanks, a kind does not."""
    text, _, told = line.rpartition("|")
    text = text.strip()
    groups: list[str] = []
    for word in told.split():
        if "=" in word or word.lstrip("!?") in _EVENTS:
            groups.append(word)
        else:
            groups[-1] += f" {word}"
    return text, {_place(text, group) for group in groups}


def _place(text: str, told: str) -> Place:
    kind, _, target = told.partition("=")
    if not target:
        return kind.lstrip("!?"), {"!": -1, "?": 1}.get(kind[0], 0), 0
    start = text.index(target)
    return kind, start, start + len(target)
