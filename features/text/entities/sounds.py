"""Names by their sound: 平果手机 for 苹果手机, 华维Mate60 or "huawei mate 60" for 华为Mate60.

A text is spelled in pinyin once, character by character, and names are looked up in that spelling:
the cost does not grow with the catalog. A mention starts and ends at the ends of characters, so
that "xian" is not looked for in the middle of a syllable.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import rjieba

from features.text.entities.matching import NameTable

_FIRST, _LAST = "\u4e00", "\u9fff"
_SYLLABLES, _LETTERS = 3, 6  # so much of a name must be there to go by its sound alone
_SHORT = 2
_OWN = ("nr", "nz", "ns", "nt", "x")  # tags of names, and of what the tagger does not know


@dataclass(frozen=True)
class SoundTable:
    """Names that hold Han characters, by how they sound.

    Attributes
    ----------
    names : NameTable
        Spelling in pinyin → items.
    short : mapping
        Spelling → the name, where it has two syllables only: then one character must be right and
        the mention no common word.
    """

    names: NameTable
    short: Mapping[str, str]

    @classmethod
    def of(cls, names: Mapping[str, str]) -> SoundTable:
        """Return the table of those of these names (letters and digits alone → items) that fit."""
        spelled: dict[str, str] = {}
        short: dict[str, str] = {}
        for name, items in names.items():
            han = sum(map(is_han, name))
            if not han or len(name) < _SHORT:
                continue
            for spelling in {spell(name)[0], _in_words(name)}:
                if len(spelling) < _LETTERS:
                    continue
                spelled[spelling] = items
                if len(name) < _SYLLABLES:
                    short[spelling] = name
        return cls(NameTable.of(spelled), short)

    def mentions(self, letters: str) -> Iterator[tuple[int, int, str]]:
        """Yield places in a text of letters and digits alone, and the items meant there.

        An exact spelling in Han characters is found too; it is for the caller to prefer it.
        """
        if not self.names.items:
            return
        spelling, owners = spell(letters)
        for start, end in self.names.windows(spelling):
            first, last = owners[start], owners[end - 1]
            inside = (start and owners[start - 1] == first) or (
                end < len(owners) and owners[end] == last
            )
            said = spelling[start:end]
            if not inside and self._sure(letters[first : last + 1], said):
                yield first, last + 1, self.names.items[said]

    def _sure(self, mention: str, spelling: str) -> bool:
        name = self.short.get(spelling)
        if name is None or not is_han(mention[0]):
            return True
        same = any(a == b for a, b in zip(mention, name, strict=False))
        words = rjieba.tag(mention)
        return same and len(mention) == len(name) and len(words) == 1 and words[0][1] in _OWN


def is_han(character: str) -> bool:
    """Return whether a character is Chinese."""
    return _FIRST <= character <= _LAST


def spell(text: str) -> tuple[str, list[int]]:
    """Return a text with each Han character in pinyin, and which character each letter stands for.

    Examples
    --------
    >>> spell("华为p60")
    ('huaweip60', [0, 0, 0, 1, 1, 1, 2, 3, 4])
    """
    parts = [_syllable(character) if is_han(character) else character for character in text]
    owners = [place for place, part in enumerate(parts) for _ in part]
    return "".join(parts), owners


@lru_cache(maxsize=30_000)
def _syllable(character: str) -> str:
    from pypinyin import lazy_pinyin  # noqa: PLC0415 (its dictionary is read by the first Han name)

    return str(lazy_pinyin(character)[0])


def _in_words(name: str) -> str:
    """Return the spelling of a name read as words: 重庆 is chongqing, its first character zhong."""
    return "".join(_word(word) for word in rjieba.cut(name))


@lru_cache(maxsize=100_000)
def _word(word: str) -> str:
    from pypinyin import lazy_pinyin  # noqa: PLC0415

    return "".join(lazy_pinyin(word))
