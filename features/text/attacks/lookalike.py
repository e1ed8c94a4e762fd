"""Characters replaced by others that look alike: Han components, digits and letters."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from features.text.attacks.places import Dice

_TABLE = Path(__file__).parent / "words" / "lookalike_zh.txt"
CYRILLIC = dict(zip("acekopxyABCEHKMOPTX", "асекорхуАВСЕНКМОРТХ", strict=True))
DIGITS = dict(zip("oOlIieastgSB0158", "001113@57958OlSB", strict=True))


@cache
def han_groups() -> tuple[str, ...]:
    """Return groups of Han characters that are easily taken for each other."""
    lines = _TABLE.read_text("utf-8").splitlines()
    return tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))


@cache
def lookalikes() -> dict[str, str]:
    """Return for each character the others that look like it."""
    table: dict[str, str] = {}
    for group in han_groups():
        for character in group:
            others = group.replace(character, "")
            table[character] = table.get(character, "") + others
    for pairs in (CYRILLIC, DIGITS):
        for character, other in pairs.items():
            table[character] = table.get(character, "") + other
    return table


def lookalike(text: str, rate: float, seed: int) -> str:
    """Return the text with a share of the characters that have look-alikes replaced by one.

    Examples
    --------
    >>> lookalike("xyz 这", 1.0, 1)
    'ху\u007a 这'
    """
    dice, table = Dice(text, rate, seed), lookalikes()
    return "".join(
        dice.choose(table[character]) if character in table and dice.hits() else character
        for character in text
    )
