"""Mentions of the business's own products: exactly, misspelled, by sound or typed in pinyin."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import validate_call
from rapidfuzz import fuzz

from features.text.base import fingerprint
from features.text.spans import Span

_EXACT, _SOUND, _FUZZY = 0.95, 0.8, 0.8
_CUTOFF = 84.0  # of rapidfuzz's ratio: one wrong letter in seven
_SHARE = 0.5  # of a name's letter pairs that a text must hold to be compared with it
_COMPARED = 5  # names compared with one text
_SHORTEST = {"exact": 2, "fuzzy": 5, "sound": 3, "pinyin": 7}
_LONGEST = 60
_WORDS_OF_ALIAS = (2, 3, 4)
_HAN = re.compile(r"[\u4e00-\u9fff]+")
_GAP = re.compile(r"\s+")
_ENDS_TITLE = re.compile(r"\s*[((\[【|,,;/]|\s-\s")


class Catalog:
    """Finds products in texts; built once from their names.

    Parameters
    ----------
    names : mapping
        ``item_id`` → the names it goes by. A name of several items stands for all of them.

    Examples
    --------
    >>> catalog = Catalog(names={"p1": ["iPhone 15 Pro"], "p2": ["苹果手机"]})
    >>> [(s.text, s.value) for s in catalog.products("the iphone15 pro, 平果手机, pingguo shouji")]
    [('iphone15 pro', 'p1'), ('平果手机', 'p2'), ('pingguo shouji', 'p2')]
    """

    @validate_call
    def __init__(self, *, names: Mapping[str, list[str]]) -> None:
        exact: dict[str, set[str]] = defaultdict(set)
        for item, known in names.items():
            for name in known:
                exact[_compact(name)[0]].add(item)
        usable = {name: "|".join(sorted(items)) for name, items in sorted(exact.items())
                  if _SHORTEST["exact"] <= len(name) <= _LONGEST}  # fmt: skip
        self._exact = usable
        self.version = fingerprint(sorted(usable.items()))

    @cached_property
    def _sounds(self) -> tuple[dict[str, str], dict[str, str]]:
        return _sounds(self._exact)

    @cached_property
    def _pairs(self) -> _Pairs:
        return _Pairs.of([name for name in self._exact if len(name) >= _SHORTEST["fuzzy"]])

    @classmethod
    def of_items(cls, items: pa.Table) -> Catalog:
        """Return the catalog of the canonical table ``items``: titles and what is short for them.

        A title goes by itself, by what precedes its first bracket or comma, and by its first two
        to four words where no other title starts with them.
        """
        pairs = zip(items["item_id"].to_pylist(), items["title"].to_pylist(), strict=True)
        titles = {item: title.strip() for item, title in pairs if title and title.strip()}
        starts: dict[str, set[str]] = defaultdict(set)
        for item, title in titles.items():
            for start in _starts(title):
                starts[start.lower()].add(item)
        return cls(names={
            item: [title, *(s for s in _starts(title) if len(starts[s.lower()]) == 1)]
            for item, title in titles.items()
        })  # fmt: skip

    def __len__(self) -> int:
        """Return the number of names."""
        return len(self._exact)

    def products(self, text: str) -> Iterator[Span]:
        """Find mentions; the value is the item id, or several joined by ``|``.

        An exact mention beats one by sound, and that a misspelled one. What is misspelled keeps its
        digits: "iPhone 14" is no spelling of "iPhone 15".
        """
        if not self._exact:
            return
        compact, places = _compact(text)
        for table, confidence in ((self._exact, _EXACT), (self._sounds[1], _SOUND)):
            for start, end in _windows(compact, table):
                first, last = places[start], places[end - 1] + 1
                if _whole(text, first, last):
                    yield _span(text, first, last, table[compact[start:end]], confidence)
        yield from self._by_sound(text)
        yield from self._misspelled(text, compact, places)

    def _by_sound(self, text: str) -> Iterator[Span]:
        by_sound = self._sounds[0]
        if not by_sound:
            return
        lengths = {key.count(" ") + 1 for key in by_sound}
        for run in _HAN.finditer(text):
            syllables = _syllables(run[0])
            for length in lengths:
                for start in range(len(syllables) - length + 1):
                    item = by_sound.get(" ".join(syllables[start : start + length]))
                    if item:
                        first = run.start() + start
                        yield _span(text, first, first + length, item, _SOUND)

    def _misspelled(self, text: str, compact: str, places: list[int]) -> Iterator[Span]:
        for name in self._pairs.likely(compact):
            found = fuzz.partial_ratio_alignment(name, compact, score_cutoff=_CUTOFF)
            if found is None or len(compact) < len(name) - 1:
                continue
            first, last = _to_words(text, places[found.dest_start], places[found.dest_end - 1] + 1)
            first, last = _trimmed(text, first, last, name)
            said = _compact(text[first:last])[0]
            score = fuzz.ratio(name, said)
            if said != name and score >= _CUTOFF and _digits(said) == _digits(name):
                yield _span(text, first, last, self._exact[name], _FUZZY * score / 100)


def _starts(title: str) -> list[str]:
    head = _ENDS_TITLE.split(title, maxsplit=1)[0]
    words = title.split()
    starts = [" ".join(words[:count]) for count in _WORDS_OF_ALIAS if count < len(words)]
    return list(dict.fromkeys(s for s in (head, *starts) if s != title))


def _compact(text: str) -> tuple[str, list[int]]:
    """Return letters and digits alone, in lower case, and where each of them was."""
    kept = [(place, c.lower()) for place, c in enumerate(text) if c.isalnum()]
    kept = [(place, c) for place, c in kept if len(c) == 1]
    return "".join(c for _, c in kept), [place for place, _ in kept]


def _windows(compact: str, table: Mapping[str, str]) -> Iterator[tuple[int, int]]:
    lengths = _lengths(frozenset(map(len, table)))
    for start in range(len(compact)):
        for length in lengths:
            if compact[start : start + length] in table and start + length <= len(compact):
                yield start, start + length
                break


@lru_cache(maxsize=8)
def _lengths(lengths: frozenset[int]) -> tuple[int, ...]:
    return tuple(sorted(lengths, reverse=True))


def _whole(text: str, first: int, last: int) -> bool:
    """Return whether a mention does not start or end inside an ASCII word or number."""
    return not (_inside(text, first) or _inside(text, last))


def _inside(text: str, place: int) -> bool:
    if not 0 < place < len(text):
        return False
    before, after = text[place - 1], text[place]
    return before.isascii() and after.isascii() and before.isalnum() and after.isalnum()


def _to_words(text: str, first: int, last: int) -> tuple[int, int]:
    while _inside(text, first):
        first -= 1
    while _inside(text, last):
        last += 1
    return first, last


def _trimmed(text: str, first: int, last: int, name: str) -> tuple[int, int]:
    """Return the stretch without a first or last word that makes it less like the name."""
    starts = [first, *(first + gap.end() for gap in _GAP.finditer(text[first:last]))][:2]
    gaps = [first + gap.start() for gap in _GAP.finditer(text[first:last])]
    choices = [(start, end) for start in starts for end in (last, *gaps[-1:]) if start < end]
    return max(choices, key=lambda at: fuzz.ratio(name, _compact(text[at[0] : at[1]])[0]))


def _pairs(name: str) -> list[str]:
    return [name[place : place + 2] for place in range(len(name) - 1)]


@dataclass(frozen=True)
class _Pairs:
    """Which names hold which pair of letters, so that a text is compared with few of them."""

    names: list[str]
    holders: dict[str, NDArray[np.int64]]
    sizes: NDArray[np.int64]

    @classmethod
    def of(cls, names: list[str]) -> _Pairs:
        holders: dict[str, list[int]] = defaultdict(list)
        for number, name in enumerate(names):
            for pair in set(_pairs(name)):
                holders[pair].append(number)
        sizes = np.array([max(1, len(set(_pairs(name)))) for name in names])
        return cls(names, {pair: np.array(held) for pair, held in holders.items()}, sizes)

    def likely(self, compact: str) -> list[str]:
        """Return the few names that share most pairs with a text."""
        hits = [self.holders[pair] for pair in set(_pairs(compact)) if pair in self.holders]
        if not hits:
            return []
        shares = np.bincount(np.concatenate(hits), minlength=len(self.names)) / self.sizes
        likely = np.flatnonzero(shares >= _SHARE)
        best = likely[np.argsort(-shares[likely], kind="stable")][:_COMPARED]
        return [self.names[number] for number in best]


def _sounds(names: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the names in Han characters by their syllables, apart and written as one word."""
    apart = {
        " ".join(_syllables(name)): items
        for name, items in names.items()
        if _HAN.fullmatch(name) and len(name) >= _SHORTEST["sound"]
    }
    joined = {key.replace(" ", ""): items for key, items in apart.items()}
    return apart, {key: item for key, item in joined.items() if len(key) >= _SHORTEST["pinyin"]}


def _syllables(han: str) -> list[str]:
    from pypinyin import lazy_pinyin  # noqa: PLC0415 (its dictionary is read by the first Han name)

    return list(lazy_pinyin(han))


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())


def _span(text: str, start: int, end: int, item: str, confidence: float) -> Span:
    return Span("product", start, end, text[start:end], confidence, item)
