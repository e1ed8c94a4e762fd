"""What sentiment is learned from: star ratings and seed sentences."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

LABELS = ("negative", "neutral", "positive")

_SEEDS = Path(__file__).parent / "seeds"
_LOW, _HIGH = 2.0, 4.0  # stars: up to two are a complaint, from four on a compliment


def label_of(rating: float) -> int:
    """Return the number of the label of a rating of 1 to 5 stars.

    Examples
    --------
    >>> [LABELS[label_of(stars)] for stars in (1, 3, 5)]
    ['negative', 'neutral', 'positive']
    """
    return 0 if rating <= _LOW else 2 if rating >= _HIGH else 1


@cache
def seeds() -> tuple[tuple[str, int], ...]:
    """Return the seed sentences of both languages, each with the number of its label.

    Raises
    ------
    ValueError
        If a seed file names a label that does not exist.
    """
    found: list[tuple[str, int]] = []
    for file in sorted(_SEEDS.glob("*.yaml")):
        for label, sentences in yaml.safe_load(file.read_text("utf-8")).items():
            if label not in LABELS:
                raise ValueError(f"{file}: label {label!r}, expected one of {', '.join(LABELS)}")
            found += [(sentence, LABELS.index(label)) for sentence in sentences]
    return tuple(found)
