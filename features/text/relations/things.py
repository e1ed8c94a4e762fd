"""The things a text names, without a list of them: noun phrases beside the words that ask or blame.

Products of the business's own catalog come first; a noun phrase stands for what is not in it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import rjieba

from features.text.relations.patterns import Cue, Patterns
from features.text.spans import Span

_NOUN = ("n", "eng", "j", "nz", "vn", "x", "g", "l", "i")
_COUNT = ("m", "q", "r")
_MIDDLE = ("v", "a", "b", "n", "eng", "j", "x", "g", "l", "i", "f", "t")
_SHORTEST, _LONGEST, _WORDS = 2, 14, 3
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9'’\-]*")
_PHRASE, _LISTED = 0.6, 0.9


@dataclass(frozen=True, slots=True)
class Thing:
    """Something spoken of: ``text[start:end]``, folded, and its item id where it has one."""

    start: int
    end: int
    text: str
    item: str
    confidence: float


def things(
    text: str, patterns: Patterns, cues: Sequence[Cue], products: Collection[Span]
) -> list[Thing]:
    """Return the things of a text in order; none of them overlaps a cue or another thing.

    Parameters
    ----------
    text : str
        The text, folded.
    patterns : Patterns
        Of its language.
    cues : sequence of Cue
        Words that show relations: no part of a thing's name, and an owner's words precede one.
    products : collection of Span
        Mentions of the catalog's products, from :meth:`Catalog.products`, settled.
    """
    listed = [Thing(s.start, s.end, s.text, s.value, _LISTED) for s in products]
    found = _chinese if not text.isascii() else _english
    phrases = sorted(set(found(text, patterns, cues)), key=lambda at: (at[0], -at[1]))
    for start, end in phrases:
        name = text[start:end]
        if name.lower() in patterns.not_things or len(name) < _SHORTEST:
            continue
        if all(end <= other.start or other.end <= start for other in listed):
            listed.append(Thing(start, end, name, "", _PHRASE))
    return sorted(listed, key=lambda thing: thing.start)


def _chinese(text: str, patterns: Patterns, cues: Sequence[Cue]) -> Iterator[tuple[int, int]]:
    owners = {cue.end for cue in cues if cue.kind == "owns"}
    taken = sorted((cue.start, cue.end) for cue in cues)
    words, place = [], 0
    for word, tag in rjieba.tag(text):
        words.append((place, place + len(word), word, tag if word.isalnum() else "w"))
        place += len(word)
    yield from _verbal(words, cues)
    for end in owners:
        yield from _owned(words, end, taken, patterns)
    run: list[tuple[int, int, str, str]] = []
    for token in [*words, (place, place, "", "w")]:
        inside = any(start < token[1] and token[0] < end for start, end in taken)
        if not inside and token[3].startswith(_NOUN) and token[2] not in patterns.not_things:
            run.append(token)
            continue
        if any(part[3].startswith(("n", "eng", "x", "l", "j")) for part in run):
            yield run[0][0], run[-1][1]
        run = []


def _verbal(
    words: Sequence[tuple[int, int, str, str]], cues: Sequence[Cue]
) -> Iterator[tuple[int, int]]:
    """Yield first words of a clause right before a cue, though tagged as verbs: 快递太慢."""
    starts = {cue.start for cue in cues if cue.kind != "owns"}
    before = "w"
    for start, end, word, tag in words:
        fits = tag in ("v", "vn", "vd", "i", "z", "a", "d", "t", "s", "f", "nr", "b")
        if before[0] in "wr" and end in starts and fits and len(word) >= _SHORTEST:
            yield start, end
        before = tag


def _owned(
    words: Sequence[tuple[int, int, str, str]],
    place: int,
    taken: Sequence[tuple[int, int]],
    patterns: Patterns,
) -> Iterator[tuple[int, int]]:
    """Yield the phrase after "my" or "bought a": longer ones, whose words need not all be nouns."""
    stop = min((start for start, _ in taken if start >= place), default=place + _LONGEST)
    run: list[tuple[int, int, str, str]] = []
    for word in words:
        if word[1] <= place or (not run and word[3].startswith(_COUNT)):
            continue
        fits = word[3].startswith(_MIDDLE) and word[2] not in patterns.not_things
        if word[1] > stop or not fits or word[1] > place + _LONGEST:
            break
        run.append(word)
    while run and run[-1][3] in ("v", "a", "f", "t", "vd", "ad"):
        run.pop()
    if run:
        yield max(place, run[0][0]), run[-1][1]


def _english(text: str, patterns: Patterns, cues: Sequence[Cue]) -> Iterator[tuple[int, int]]:
    taken = [(cue.start, cue.end) for cue in cues]
    begins = {cue.end for cue in cues if cue.kind == "owns"}
    begins |= {match.end() for match in patterns.marks["starts"].finditer(text)}
    for begin in sorted(begins):
        start = end = begin
        for number, word in enumerate(_WORD.finditer(text, begin)):
            gap = text[end if number else begin : word.start()]
            cut = any(a < word.end() and word.start() < b for a, b in taken)
            if gap.strip() or number >= _WORDS or cut or word[0].lower() in patterns.stops:
                break
            start, end = (word.start() if not number else start), word.end()
        again = patterns.marks["starts"].match(text, start)
        if end > start and not (again and again.end() <= end):
            yield start, end
