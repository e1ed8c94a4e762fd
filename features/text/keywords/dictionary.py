"""Words that a business adds: names of its own that stay whole, and words that say nothing here."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import rjieba

from features.text.base import fingerprint
from features.text.normalize import normalize, without_links
from features.text.tokenize import is_han, names_something, stop_words, tokens, words


@dataclass(frozen=True)
class Dictionary:
    """Words added to those that the segmenter and the stop lists know.

    Parameters
    ----------
    words : tuple of str
        Kept whole, of any script: ``小蜜蜂扩音器``, ``iPhone 15 Pro``. Case and width are ignored.
    stop : tuple of str
        Left out, whatever else says that they are words.

    Raises
    ------
    ValueError
        If a word has no letter or digit.

    Examples
    --------
    >>> ours = Dictionary(words=("云鲸智能", "Cloud Nine Pro"), stop=("机器",))
    >>> ours.words_of("云鲸智能的机器,比 cloud nine pro 安静")
    ['云鲸智能', 'cloud nine pro', '安静']
    """

    words: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Bring all words into the form that texts are read in."""
        for name in ("words", "stop"):
            given = getattr(self, name)
            ready = sorted({normalize(word).lower() for word in given})
            for word in ready:
                if not any(map(str.isalnum, word)):
                    raise ValueError(
                        f"dictionary: {name} has {word!r}, expected at least a letter or digit"
                    )
            object.__setattr__(self, name, tuple(ready))

    @property
    def version(self) -> str:
        """Changes whenever a word does; empty where nothing is added."""
        return fingerprint(self.words, self.stop) if self.words or self.stop else ""

    def words_of(self, text: str) -> list[str]:
        """Return the words of a text that can name a subject, in order, added words whole."""
        found = self._whole(text) if self.words else words(text)
        stopped = frozenset(self.stop)
        return [word for word in found if word not in stopped]

    def _whole(self, text: str) -> list[str]:
        """Return the words of a text, added ones whole."""
        han, pattern = _prepared(self.words)
        clean = without_links(normalize(text)).lower()
        parts = [clean] if pattern is None else pattern.split(clean)
        found: list[str] = []
        for place, part in enumerate(parts):
            if place % 2:
                found.append(part)
            else:
                found += [t for t in tokens(part, cut=_cutter(han)) if t in han or _plain(t)]
        return found


PLAIN = Dictionary()


def _plain(token: str) -> bool:
    return token not in stop_words() and names_something(token)


@cache
def _prepared(words: tuple[str, ...]) -> tuple[frozenset[str], re.Pattern[str] | None]:
    """Return the words of Han characters alone, and what finds the others."""
    han = frozenset(word for word in words if all(map(is_han, word)))
    others = sorted(set(words) - han, key=lambda word: (-len(word), word))
    if not others:
        return han, None
    bounded = (
        (r"(?<![a-z0-9])" if word[0].isascii() else "")
        + r"\s+".join(map(re.escape, word.split()))
        + (r"(?![a-z0-9])" if word[-1].isascii() else "")
        for word in others
    )
    return han, re.compile("(" + "|".join(bounded) + ")")


@cache
def _segmenter(han: frozenset[str]) -> rjieba.Jieba:
    segmenter = rjieba.Jieba()
    for word in sorted(han):
        segmenter.add_word(word, None, None)
    return segmenter


class _Cut:
    """Takes a run apart, keeping added words whole even where the segmenter would not."""

    def __init__(self, han: frozenset[str]) -> None:
        self._han = han
        self._longest = max(map(len, han))

    def __call__(self, run: str) -> list[str]:
        cut: list[str] = _segmenter(self._han).cut(run)
        found: list[str] = []
        place = 0
        while place < len(cut):
            step = next((n for n in self._steps(cut, place) if n > 1), 1)
            found.append("".join(cut[place : place + step]))
            place += step
        return found

    def _steps(self, cut: list[str], place: int) -> list[int]:
        """Return how many tokens from here on make an added word, the longest first."""
        joined, steps = "", []
        for count, token in enumerate(cut[place:], start=1):
            joined += token
            if len(joined) > self._longest:
                break
            if joined in self._han:
                steps.append(count)
        return steps[::-1]


@cache
def _cutter(han: frozenset[str]) -> Callable[[str], list[str]]:
    return _Cut(han) if han else rjieba.cut
