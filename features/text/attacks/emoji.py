"""Emoji strewn between words; none of them holds an opinion, so that labels stay right."""

from __future__ import annotations

import rjieba

from features.text.attacks.places import Dice

NEUTRAL = "🌸🍀🎈🌙📦🛵🐱🐼🍃🌊⛅🎵📎🧩🪁🚲"


def emoji(text: str, rate: float, seed: int) -> str:
    """Return the text with an emoji after a share of its words.

    Examples
    --------
    >>> emoji("我要退款", 0.0, 1)
    '我要退款'
    """
    dice = Dice(text, rate, seed)
    words = rjieba.cut(text)
    return "".join(
        word + dice.choose(NEUTRAL) if not word.isspace() and dice.hits() else word
        for word in words
    )
