"""Mentions of the business's own products: exactly, misspelled, by sound or typed in pinyin."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property

import pyarrow as pa
from pydantic import validate_call
from rapidfuzz import fuzz

from features.text.base import fingerprint
from features.text.entities.matching import NameTable, PairIndex, compact, is_whole, key, to_words
from features.text.entities.sounds import SoundTable
from features.text.spans import Span

_EXACT, _SOUND, _FUZZY = 0.95, 0.8, 0.8
_CUTOFF = 84.0  # of rapidfuzz's ratio: one wrong letter in seven
_SHORTEST = {"exact": 2, "fuzzy": 5}
_LONGEST = 60
_WORDS_OF_ALIAS = (2, 3, 4)
_GAP = re.compile(r"\s+")
_ENDS_TITLE = re.compile(r"\s*[(\uff08\[【|,\uff0c;/]|\s-\s")


class Catalog:
    """Finds products in texts; built once from their names.

    Parameters
    ----------
    names : mapping
        ``item_id`` → the names it goes by. A name of several items stands for all of them.

    Examples
    --------
    >>> catalog = Catalog(names={"p1": ["iPhone 15 Pro"], "p2": ["苹果手机"]})
    >>> [(span.text, span.value) for span in catalog.products("平果手机")]
    [('平果手机', 'p2')]
    """

    @validate_call
    def __init__(self, *, names: Mapping[str, list[str]]) -> None:
        exact: dict[str, set[str]] = defaultdict(set)
        for item, known in names.items():
            for name in known:
                exact[key(name)].add(item)
        usable = {name: "|".join(sorted(items)) for name, items in sorted(exact.items())
                  if _SHORTEST["exact"] <= len(name) <= _LONGEST}  # fmt: skip
        self._exact = usable
        self.version = fingerprint(sorted(usable.items()))

    @cached_property
    def _names(self) -> NameTable:
        return NameTable.of(self._exact)

    @cached_property
    def _sounds(self) -> SoundTable:
        return SoundTable.of(self._exact)

    @cached_property
    def _pairs(self) -> PairIndex:
        return PairIndex.of([name for name in self._exact if len(name) >= _SHORTEST["fuzzy"]])

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
        """Find mentions, which may overlap; the value is the item id, or several joined by ``|``.

        An exact mention beats one by sound, and that a misspelled one. What is misspelled keeps its
        digits: "iPhone 14" is no spelling of "iPhone 15".
        """
        if not self._exact:
            return
        letters, places = compact(text)
        for start, end in self._names.windows(letters):
            first, last = places[start], places[end - 1] + 1
            if is_whole(text, first, last):
                yield _span(text, first, last, self._exact[letters[start:end]], _EXACT)
        for start, end, items in self._sounds.mentions(letters):
            first, last = places[start], places[end - 1] + 1
            if is_whole(text, first, last):
                yield _span(text, first, last, items, _SOUND)
        yield from self._misspelled(text, letters, places)

    def _misspelled(self, text: str, letters: str, places: list[int]) -> Iterator[Span]:
        for name in self._pairs.likely(letters):
            found = fuzz.partial_ratio_alignment(name, letters, score_cutoff=_CUTOFF)
            if found is None or len(letters) < len(name) - 1:
                continue
            first, last = to_words(text, places[found.dest_start], places[found.dest_end - 1] + 1)
            first, last = _trimmed(text, first, last, name)
            said = key(text[first:last])
            score = fuzz.ratio(name, said)
            if said != name and score >= _CUTOFF and _digits(said) == _digits(name):
                yield _span(text, first, last, self._exact[name], _FUZZY * score / 100)


def _starts(title: str) -> list[str]:
    head = _ENDS_TITLE.split(title, maxsplit=1)[0]
    words = title.split()
    starts = [" ".join(words[:count]) for count in _WORDS_OF_ALIAS if count < len(words)]
    return list(dict.fromkeys(s for s in (head, *starts) if s != title))


def _trimmed(text: str, first: int, last: int, name: str) -> tuple[int, int]:
    """Return the stretch without a first or last word that makes it less like the name."""
    starts = [first, *(first + gap.end() for gap in _GAP.finditer(text[first:last]))][:2]
    gaps = [first + gap.start() for gap in _GAP.finditer(text[first:last])]
    choices = [(start, end) for start in starts for end in (last, *gaps[-1:]) if start < end]
    return max(choices, key=lambda at: fuzz.ratio(name, key(text[at[0] : at[1]])))


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())


def _span(text: str, start: int, end: int, item: str, confidence: float) -> Span:
    return Span("product", start, end, text[start:end], confidence, item)
