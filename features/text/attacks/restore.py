"""Undo what garbles text without changing how it reads: a cheap defense before classification.

Invisible characters go; spaces inside a Chinese word go; letters of other scripts and digits inside
Latin words become the letters they imitate; a Han character that stands alone becomes its
look-alike where that makes a word with its neighbors. What sounds alike is left as it is: a
character has 16 homophones on average, and most of them make words too.
"""

from __future__ import annotations

import re
from functools import cache

import rjieba

from features.text.attacks.lookalike import CYRILLIC, han_groups

_INVISIBLE = re.compile("[\u00ad\u200b\u200c\u200e\u200f\u2060\ufeff]")
_HAN_RUN = re.compile(r"[\u3400-\u9fff]{2,}")
_SPACED = re.compile(r"[\u3400-\u9fff]+(?: [\u3400-\u9fff]+)+")
_FOREIGN = str.maketrans({other: letter for letter, other in CYRILLIC.items()})
_LATIN = re.compile(r"[A-Za-z]")
_MIXED = re.compile(r"[A-Za-z\u0400-\u04ff]+")
_INSIDE = re.compile(r"(?<=[a-z])[0135789@](?=[a-z])")
_LETTERS = {"0": "o", "1": "i", "3": "e", "5": "s", "7": "t", "8": "b", "9": "g", "@": "a"}
_ALONE = frozenset(  # are words by themselves so often that what they stand beside says little
    "了太大很少小真成不是的我找没又人来去到量重干白手水肉菜饭汤头味快慢贵冷热辣买卖好坏送等问话"
    "子在有也都就还和个这那你他她它们只再更最多上下里说吃喝要给让被把比从用看想能会厚才差活无包冰满"
)
_AROUND = 3  # characters on either side that decide whether a look-alike makes a word


def restore(text: str) -> str:
    """Return the text as it was probably meant.

    Examples
    --------
    >>> restore("我要退 款,the c@rd is 1ost")
    '我要退款,the card is 1ost'
    """
    text = _INVISIBLE.sub("", text)
    text = _SPACED.sub(lambda found: _without_gaps(found[0]), text)
    if not text.isascii():
        text = _MIXED.sub(_latin, text)
        text = _HAN_RUN.sub(lambda found: _with_words(found[0]), text)
    return _INSIDE.sub(lambda found: _LETTERS[found[0]], text)


def _latin(found: re.Match[str]) -> str:
    return found[0].translate(_FOREIGN) if _LATIN.search(found[0]) else found[0]


def _without_gaps(text: str) -> str:
    """Return the text without the spaces that stand inside a word."""
    gaps = set()
    place = 0
    for part in text.split(" ")[:-1]:
        place += len(part)
        gaps.add(place)
    bare, found, place = text.replace(" ", ""), [], 0
    for word in rjieba.cut(bare):
        found.append(" " + word if place in gaps else word)
        place += len(word)
    return "".join(found)


@cache
def _alternatives() -> dict[str, str]:
    """Return for each Han character those that look like it."""
    table: dict[str, str] = {}
    for group in han_groups():
        for character in group:
            table[character] = table.get(character, "") + group.replace(character, "")
    return table


def _with_words(run: str) -> str:
    """Return the run with lone characters replaced by look-alikes that make words."""
    alternatives = _alternatives()
    place = 0
    for word in rjieba.cut(run, False):
        if len(word) == 1 and word in alternatives and word not in _ALONE:
            run = _settled(run, place, alternatives[word])
        place += len(word)
    return run


def _settled(run: str, place: int, choices: str) -> str:
    start, end = max(0, place - _AROUND), place + _AROUND + 1
    window = run[start:end]
    best, fewest = run, len(rjieba.cut(window, False))
    for choice in choices:
        changed = run[:place] + choice + run[place + 1 :]
        words = rjieba.cut(changed[start:end], False)
        if len(words) < fewest and _covers(words, place - start):
            best, fewest = changed, len(words)
    return best


def _covers(words: list[str], place: int) -> bool:
    """Return whether the word at this place has more than one character."""
    for word in words:
        if place < len(word):
            return len(word) > 1
        place -= len(word)
    return False
