"""Sentences with marked stretches, ``[kind:what it covers]``, and how well spans match them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

GOLDEN = Path(__file__).parents[2] / "tests" / "golden" / "text"
_MARK = re.compile(r"\[(?P<kind>[a-z_]+):(?P<text>[^\[\]]+)\]")
_DRAWS, _SEED = 1000, 7
Place = tuple[str, int, int]


@dataclass(frozen=True)
class Marked:
    """A text and the ``(kind, start, end)`` of what it names, places in characters."""

    text: str
    spans: tuple[Place, ...]

    @classmethod
    def of(cls, sentence: str) -> Marked:
        """Return what a marked sentence says.

        Examples
        --------
        >>> Marked.of("call [phone:13800138000]")
        Marked(text='call 13800138000', spans=(('phone', 5, 16),))
        """
        plain, spans, last = "", [], 0
        for match in _MARK.finditer(sentence):
            plain += sentence[last : match.start()]
            spans.append((match["kind"], len(plain), len(plain) + len(match["text"])))
            plain += match["text"]
            last = match.end()
        return cls(plain + sentence[last:], tuple(spans))


def read_marked(path: Path) -> dict[str, list[Marked]]:
    """Return the marked sentences of each part of a yaml file, such as ``zh_held``."""
    parts = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {part: [Marked.of(sentence) for sentence in told] for part, told in parts.items()}


@dataclass(frozen=True)
class Score:
    """Precision, recall and F1 of spans whose kind, start and end are all right."""

    right: int
    found: int
    there: int

    @property
    def precision(self) -> float:
        """Return the share of what was found that is right; 1 where nothing was found."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Return the share of what is there that was found; 1 where nothing is there."""
        return self.right / self.there if self.there else 1.0

    @property
    def f1(self) -> float:
        """Return the harmonic mean of both."""
        return 2 * self.right / (self.found + self.there) if self.found + self.there else 1.0


def scores(
    told: Iterable[Collection[Place]], found: Iterable[Collection[Place]]
) -> dict[str, Score]:
    """Return the score of each kind, and of ``all``."""
    counts: Mapping[str, Counter[str]] = {name: Counter() for name in ("right", "found", "there")}
    for want, got in zip(told, found, strict=True):
        sets = {"right": set(want) & set(got), "found": set(got), "there": set(want)}
        for name, places in sets.items():
            counts[name].update(kind for kind, *_ in places)
            counts[name]["all"] += len(places)
    kinds = sorted({kind for counter in counts.values() for kind in counter} - {"all"})
    return {kind: Score(*(counts[n][kind] for n in counts)) for kind in ["all", *kinds]}


def interval(
    told: Sequence[Collection[Place]], found: Sequence[Collection[Place]], metric: str
) -> tuple[float, float]:
    """Return the ends of the 95 % bootstrap interval, over texts, of one property of a score."""
    pairs = list(zip(told, found, strict=True))
    rows = np.array([[len(set(w) & set(g)), len(set(g)), len(set(w))] for w, g in pairs])
    rng = np.random.default_rng(_SEED)
    values = [
        getattr(Score(*map(int, rows[rng.integers(0, len(rows), len(rows))].sum(axis=0))), metric)
        for _ in range(_DRAWS)
    ]
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
