"""What sentiment is learned from: star ratings, seed sentences, and the terms of a text."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path

import yaml

from features.text.tokenize import is_han, tokens

LABELS = ("negative", "neutral", "positive")

_SEEDS = Path(__file__).parent / "seeds"
_LOW, _HIGH = 2.0, 4.0  # stars: up to two are a complaint, from four on a compliment
_GRAM_CHARACTERS = 1200  # of a long review; the rest repeats what was said


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


def grams(text: str) -> list[str]:
    """Return the terms that carry opinion: one and two words, one to three Han characters.

    Examples
    --------
    >>> grams("not good 太慢")
    ['not', 'good', 'not good', '太', '慢', '太慢']
    """
    found: list[str] = []
    latin: list[str] = []
    han: list[str] = []
    for token in tokens(text[:_GRAM_CHARACTERS]):
        (han if is_han(token) else latin).append(token)
    found += latin
    found += [f"{first} {second}" for first, second in pairwise(latin)]
    run = "".join(han)
    for length in (1, 2, 3):
        found += [run[start : start + length] for start in range(len(run) - length + 1)]
    return found
