"""What people wrote about a topic, in their own words: a few texts that stand for the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.text.base import content_hash
from features.text.normalize import normalize
from features.text.pii.mask import mask
from features.text.tokenize import words

_LOOKED_AT = 200  # texts with the largest share among which quotes are chosen
_LENGTHS = (8, 160)  # characters of a text that is worth quoting and short enough to read
_ALIKE = 0.5  # share of common character pairs from which two quotes say the same


@dataclass(frozen=True)
class Quote:
    """A text that stands for a topic.

    Parameters
    ----------
    place : int
        Which of the texts it is.
    text : str
        What it says, personal data masked.
    """

    place: int
    text: str


def quotes(
    texts: Sequence[str],
    shares: NDArray[np.float32],
    named_by: Sequence[str],
    *,
    count: int = 3,
) -> list[Quote]:
    """Choose the texts nearest to a topic that do not repeat each other.

    Parameters
    ----------
    texts : sequence of str
        n texts.
    shares : numpy.ndarray
        float32 [n], the topic's share in each.
    named_by : sequence of str
        Words of the topic: of texts that are about nothing else, those that use them are nearest.
    count : int
        Most quotes.

    Returns
    -------
    list of Quote
        The nearest first; the order of the texts has no influence on what is chosen.
    """
    told = set(named_by)
    near = np.argsort(-shares, kind="stable")
    if not len(near) or shares[near[0]] <= 0:
        return []
    edge = max(shares[near[min(_LOOKED_AT, len(near)) - 1]], shares[near[0]] / 2)
    ranked = []
    for place in near[shares[near] >= edge][: 5 * _LOOKED_AT].tolist():
        text = normalize(texts[place])
        if _LENGTHS[0] <= len(text) <= _LENGTHS[1]:
            score = float(shares[place]) * (1 + len(told & set(words(text))))
            ranked.append((-score, content_hash(text), place, text))
    chosen: list[Quote] = []
    kept: list[set[str]] = []
    for _, _, place, text in sorted(ranked):
        pairs = {text[start : start + 2] for start in range(len(text) - 1)}
        if all(len(pairs & other) < _ALIKE * min(len(pairs), len(other)) for other in kept):
            chosen.append(Quote(place, mask(text)))
            kept.append(pairs)
        if len(chosen) == count:
            break
    return chosen
