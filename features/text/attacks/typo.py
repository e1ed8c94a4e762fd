"""Slips of the finger: letters of English words, places of Han characters."""

from __future__ import annotations

import re
from collections.abc import Callable

from features.text.attacks.places import HAN, Dice

_SHORTEST = 4  # letters of a word that is worth mistyping and still guessable afterward
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_UNIT = re.compile(rf"[A-Za-z]+|{HAN.pattern}|.", re.DOTALL)


def _neighbors() -> dict[str, str]:
    """Return the letters next to, above and below each letter of an English keyboard."""
    place = {
        letter: (x + 0.5 * y, y) for y, row in enumerate(_ROWS) for x, letter in enumerate(row)
    }
    return {
        letter: "".join(
            other for other, (u, v) in place.items()
            if other != letter and abs(x - u) <= 1 and abs(y - v) <= 1
        )
        for letter, (x, y) in place.items()
    }  # fmt: skip


NEIGHBORS = _neighbors()


def _swap(word: str, at: int, _: Dice) -> str:
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _drop(word: str, at: int, _: Dice) -> str:
    return word[:at] + word[at + 1 :]


def _double(word: str, at: int, _: Dice) -> str:
    return word[: at + 1] + word[at:]


def _near(word: str, at: int, dice: Dice) -> str:
    other = dice.choose(NEIGHBORS[word[at].lower()])
    return word[:at] + (other.upper() if word[at].isupper() else other) + word[at + 1 :]


_SLIPS: tuple[Callable[[str, int, Dice], str], ...] = (_swap, _drop, _double, _near)


def typo(text: str, rate: float, seed: int) -> str:
    """Return the text with a slip in a share of its longer words and of its Han characters.

    Words of four letters or more have two letters swapped, one dropped, doubled or missed for its
    neighbor on the keyboard, never the first; a Han character is dropped or changes places with
    the next.

    Examples
    --------
    >>> typo("refund", 0.0, 1)
    'refund'
    """
    dice = Dice(text, rate, seed)
    units = _UNIT.findall(text)
    place = 0
    while place < len(units):
        unit = units[place]
        if HAN.match(unit) and dice.hits():
            following = units[place + 1] if place + 1 < len(units) else ""
            if HAN.match(following) and dice.random.random() < 0.5:  # noqa: PLR2004
                units[place], units[place + 1] = following, unit
                place += 1
            else:
                units[place] = ""
        elif unit.isascii() and unit.isalpha() and len(unit) >= _SHORTEST and dice.hits():
            slip = dice.random.choice(_SLIPS)
            units[place] = slip(unit, dice.random.randrange(1, len(unit) - 1), dice)
        place += 1
    return "".join(units)
