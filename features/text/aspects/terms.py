"""Find the words that matter in a text: targets, opinions, negations, in one pass."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from features.text.aspects.taxonomy import AspectTaxonomy

_LEXICON = Path(__file__).parent / "lexicon"
_STRENGTH = {
    "strong_positive": 1.0,
    "positive": 0.7,
    "mild_positive": 0.3,
    "mild_negative": -0.3,
    "negative": -0.7,
    "strong_negative": -1.0,
}
_EXCESSIVE = frozenset(
    {"太", "偏", "过于", "有点", "有点儿", "有些", "略", "稍微", "过", "忒"}
    | {"too", "way too", "overly", "excessively", "slightly", "somewhat", "a bit", "a little"}
)
_CONTRAST = frozenset(
    {"但是", "但", "不过", "可是", "可惜", "然而", "只是", "就是", "虽然", "尽管", "but", "however"}
    | {"although", "though", "even though", "yet", "except", "except for", "while", "whereas"}
)
_PIECE = re.compile(
    r"\d+(?:[.,]\d+)+|(?P<word>[a-z0-9]+(?:['\u2019\-][a-z0-9]+)*)|(?P<han>[\u4e00-\u9fff]+)"
    r"|(?P<end>[,.;:!?~\n，。；：！？…])"
)


@dataclass(frozen=True, slots=True)
class Term:
    """What a word can do in a sentence.

    Parameters
    ----------
    aspect : str
        The aspect that it names, ``""`` for none.
    polarity : float
        As an opinion, -1 to 1; 0 for none.
    implied : str
        The aspect that it is about even where nothing is named.
    degree, negates, exceeds, intensifies : bool
        A measure such as "small"; not; too; very.
    splits : bool
        A contrast or a mark where a clause ends.
    """

    aspect: str = ""
    polarity: float = 0.0
    implied: str = ""
    degree: bool = False
    negates: bool = False
    exceeds: bool = False
    intensifies: bool = False
    splits: bool = False


class Found(NamedTuple):
    """A term at its place in the text: ``text[start:end]`` is ``word``."""

    start: int
    end: int
    word: str
    term: Term


_END = Term(splits=True)


@cache
def lexicon(language: str) -> dict[str, list[str]]:
    """Return the opinion words of a language by kind."""
    content: dict[str, list[str]] = yaml.safe_load((_LEXICON / f"{language}.yaml").read_text())
    return content


class TermTable:
    """All terms of both languages, for one set of aspects.

    Parameters
    ----------
    taxonomy : AspectTaxonomy
        Names the targets.
    """

    def __init__(self, taxonomy: AspectTaxonomy) -> None:
        terms = _terms(taxonomy)
        self._han = {word: term for word, term in terms.items() if not word.isascii()}
        self._latin = {word: term for word, term in terms.items() if word.isascii()}
        lengths: dict[str, set[int]] = defaultdict(set)
        for word in self._han:
            lengths[word[0]].add(len(word))
        self._lengths = {first: tuple(sorted(n, reverse=True)) for first, n in lengths.items()}
        counts: dict[str, set[int]] = defaultdict(set)
        for word in self._latin:
            parts = word.split(" ")
            if len(parts) > 1:
                counts[parts[0]].add(len(parts))
        self._counts = {first: tuple(sorted(n, reverse=True)) for first, n in counts.items()}
        self.local = _local(taxonomy)

    def scan(self, text: str) -> list[Found]:
        """Return terms and ends of clauses of a lower-case text in order, the longest first."""
        found: list[Found] = []
        words: list[tuple[int, int, str]] = []
        for match in _PIECE.finditer(text):
            kind = match.lastgroup
            if kind == "word":
                words.append((match.start(), match.end(), match.group()))
                continue
            if words:
                found += self._words(text, words)
                words = []
            if kind == "han":
                found += self._run(match.group(), match.start())
            elif kind == "end":
                found.append(Found(match.start(), match.end(), match.group(), _END))
        return found + list(self._words(text, words)) if words else found

    def _run(self, run: str, offset: int) -> Iterator[Found]:
        terms, lengths = self._han, self._lengths
        place, last = 0, len(run)
        while place < last:
            for length in lengths.get(run[place], ()):
                if place + length > last:
                    continue
                word = run[place : place + length]
                term = terms.get(word)
                if term is not None:
                    yield Found(offset + place, offset + place + length, word, term)
                    place += length
                    break
            else:
                place += 1

    def _words(self, text: str, words: list[tuple[int, int, str]]) -> Iterator[Found]:
        place, last = 0, len(words)
        while place < last:
            start, end, word = words[place]
            step = 1
            term = None
            for count in self._counts.get(word, ()):
                if place + count <= last:
                    until = words[place + count - 1][1]
                    phrase = text[start:until].replace("\u2019", "'")
                    term = self._latin.get(phrase)
                    if term is not None:
                        end, word, step = until, phrase, count
                        break
            if term is None:
                term = self._latin.get(word.replace("\u2019", "'"))
            if term is not None:
                yield Found(start, end, word, term)
            place += step


def _terms(taxonomy: AspectTaxonomy) -> dict[str, Term]:
    terms: dict[str, Term] = {}

    def add(words: Any, **change: Any) -> None:
        for word in words:
            terms[word] = replace(terms.get(word, Term()), **change)

    for language in ("zh", "en"):
        words = lexicon(language)
        add(words["neutral"])
        for kind, polarity in _STRENGTH.items():
            add(words.get(kind, ()), polarity=polarity)
        add(words["degree"], degree=True)
        add(words["negation"], negates=True)
        add(words["excess"], intensifies=True)
    add(_EXCESSIVE, exceeds=True)
    add(_CONTRAST, splits=True)
    for aspect in taxonomy.aspects:
        for found in aspect.implied.values():
            add([word for word in found if word in terms], implied=aspect.aspect)
            add([word for word in found if word not in terms], implied=aspect.aspect, polarity=-0.6)
        for local in (*aspect.positive.values(), *aspect.negative.values()):
            add([word for word in local if word not in terms], degree=True)
        for names in aspect.targets.values():
            add(names, aspect=aspect.aspect)
    return terms


def _local(taxonomy: AspectTaxonomy) -> dict[tuple[str, str], float]:
    """Return the polarity of (aspect, word) where it is one only with that aspect."""
    return {
        (aspect.aspect, word): polarity
        for aspect in taxonomy.aspects
        for polarity, lists in ((0.7, aspect.positive), (-0.7, aspect.negative))
        for words in lists.values()
        for word in words
    }
