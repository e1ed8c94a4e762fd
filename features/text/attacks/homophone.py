"""Characters replaced by others that sound alike: what a hasty choice in an input method leaves."""

from __future__ import annotations

from collections import defaultdict
from functools import cache

from features.text.attacks.places import HAN, Dice

_FIRST_LEVEL = range(0xB0, 0xD8)  # lead bytes of the 3,755 common characters of GB 2312-80


@cache
def homophones() -> dict[str, str]:
    """Return for each common character the other common ones that an input method offers with it.

    Common are the 3,755 characters of the first level of GB 2312-80, which Python's own codec
    knows by their place. The sound of a character is its first, most usual reading in pypinyin's
    dictionary without the tone: that is what people type.
    """
    from pypinyin import lazy_pinyin  # noqa: PLC0415 (its dictionaries take a moment)

    alike: dict[str, list[str]] = defaultdict(list)
    for lead in _FIRST_LEVEL:
        for trail in range(0xA1, 0xFF):
            character = bytes([lead, trail]).decode("gb2312", errors="ignore")
            if character:
                alike[lazy_pinyin(character)[0]].append(character)
    return {
        character: "".join(other for other in group if other != character)
        for group in alike.values()
        if len(group) > 1
        for character in group
    }


def homophone(text: str, rate: float, seed: int) -> str:
    """Return the text with a share of its Han characters replaced by others of the same sound.

    Examples
    --------
    >>> homophone("我要退款", 0.0, 1)
    '我要退款'
    """
    dice, table = Dice(text, rate, seed), homophones()
    return HAN.sub(
        lambda found: (
            dice.choose(table[found[0]]) if found[0] in table and dice.hits() else found[0]
        ),
        text,
    )
