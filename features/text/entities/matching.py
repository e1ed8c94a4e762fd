"""Look names up in a text: by their exact letters, and by the pairs of letters they share."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_SHARE = 0.5  # of a name's letter pairs that a text must hold to be compared with it
_COMPARED = 8  # names compared with one text
_COMMON, _FEW = 0.02, 50  # pairs that more names than this hold tell nothing apart
_OTHER = re.compile(r"[\W_]+")


def compact(text: str) -> tuple[str, list[int]]:
    """Return letters and digits alone, in lower case, and where each of them was."""
    lower = text.lower()
    same = lower if len(lower) == len(text) else text  # few letters have a longer lower case
    places = [place for place, character in enumerate(same) if character.isalnum()]
    return "".join([same[place] for place in places]), places


def key(name: str) -> str:
    """Return the letters and digits of a name, in lower case."""
    return _OTHER.sub("", name.lower())


@dataclass(frozen=True)
class NameTable:
    """Names by their exact spelling, and how long those are that start with two given letters."""

    items: Mapping[str, str]
    lengths: Mapping[str, list[int]]

    @classmethod
    def of(cls, items: Mapping[str, str]) -> NameTable:
        """Return the table of these names."""
        lengths: dict[str, set[int]] = defaultdict(set)
        for name in items:
            lengths[name[:2]].add(len(name))
        return cls(items, {start: sorted(long, reverse=True) for start, long in lengths.items()})

    def windows(self, letters: str) -> Iterator[tuple[int, int]]:
        """Yield where names stand; of several that start at one place the longest."""
        for start in range(len(letters) - 1):
            for length in self.lengths.get(letters[start : start + 2], ()):
                end = start + length
                if end <= len(letters) and letters[start:end] in self.items:
                    yield start, end
                    break


def is_whole(text: str, first: int, last: int) -> bool:
    """Return whether a mention does not start or end inside an ASCII word or number."""
    return not (_inside(text, first) or _inside(text, last))


def _inside(text: str, place: int) -> bool:
    if not 0 < place < len(text):
        return False
    before, after = text[place - 1], text[place]
    return before.isascii() and after.isascii() and before.isalnum() and after.isalnum()


def to_words(text: str, first: int, last: int) -> tuple[int, int]:
    """Return the stretch grown to whole ASCII words and numbers."""
    while _inside(text, first):
        first -= 1
    while _inside(text, last):
        last += 1
    return first, last


def _pairs(name: str) -> list[str]:
    return [name[place : place + 2] for place in range(len(name) - 1)]


@dataclass(frozen=True)
class PairIndex:
    """Which names hold which rare pair of letters: a text is compared with few of them."""

    names: list[str]
    holders: dict[str, NDArray[np.int64]]
    sizes: NDArray[np.int64]

    @classmethod
    def of(cls, names: list[str]) -> PairIndex:
        """Return the index of these names."""
        holders: dict[str, list[int]] = defaultdict(list)
        for number, name in enumerate(names):
            for pair in set(_pairs(name)):
                holders[pair].append(number)
        most = max(_FEW, _COMMON * len(names))
        rare = {pair: np.array(held) for pair, held in holders.items() if len(held) <= most}
        every = np.concatenate([np.zeros(0, np.int64), *rare.values()])
        return cls(names, rare, np.bincount(every, minlength=len(names)).clip(1))

    def likely(self, letters: str) -> list[str]:
        """Return the few names that share most pairs with a text."""
        hits = [self.holders[pair] for pair in set(_pairs(letters)) if pair in self.holders]
        if not hits:
            return []
        numbers, shared = np.unique(np.concatenate(hits), return_counts=True)
        shares = shared / self.sizes[numbers]
        order = np.argsort(-shared * shares, kind="stable")
        best = [numbers[place] for place in order if shares[place] >= _SHARE][:_COMPARED]
        return [self.names[number] for number in best]
