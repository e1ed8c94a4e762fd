"""Han words written in letters, as by those who have no input method or avoid a filter."""

from __future__ import annotations

import rjieba

from features.text.attacks.places import HAN, Dice


def pinyin(text: str, rate: float, seed: int) -> str:
    """Return the text with a share of its Han words as toneless pinyin, read in their context.

    Examples
    --------
    >>> pinyin("我要退款", 1.0, 1)
    'woyaotuikuan'
    """
    from pypinyin import lazy_pinyin  # noqa: PLC0415 (its dictionaries take a moment)

    dice = Dice(text, rate, seed)
    words = (
        "".join(lazy_pinyin(word)) if HAN.match(word) and dice.hits() else word
        for word in rjieba.cut(text)
    )
    return "".join(words)
