"""Spaces and invisible characters inside words: the oldest way past a list of forbidden ones."""

from __future__ import annotations

import re

from features.text.attacks.places import HAN, Dice

INVISIBLE = "\u200b\u200c\u2060"
_GAP = re.compile(rf"(?<=[A-Za-z])(?=[A-Za-z])|(?<={HAN.pattern})(?={HAN.pattern})")
_CHOICES = (" ", " ", " ", *INVISIBLE)  # an ordinary space in half of the places


def spacing(text: str, rate: float, seed: int) -> str:
    r"""Return the text with something between a share of its neighboring letters or characters.

    Half of the time it is a space, else a character that nobody sees.

    Examples
    --------
    >>> spacing("\u9000\u6b3e", 1.0, 3)
    '退 款'
    """
    dice = Dice(text, rate, seed)
    return _GAP.sub(lambda _: dice.choose(_CHOICES) if dice.hits() else "", text)
