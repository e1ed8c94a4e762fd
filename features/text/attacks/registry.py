"""All attacks by name, each with the languages that it can hit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from features.text.attacks.emoji import emoji
from features.text.attacks.homophone import homophone
from features.text.attacks.lookalike import lookalike
from features.text.attacks.pinyin import pinyin
from features.text.attacks.spacing import spacing
from features.text.attacks.typo import typo

Attack = Callable[[str, float, int], str]


@dataclass(frozen=True)
class Known:
    """An attack and the languages, ``zh`` or ``en``, in which it finds something to hit."""

    attack: Attack
    languages: tuple[str, ...] = ("zh", "en")

    def __post_init__(self) -> None:
        if not self.languages or set(self.languages) - {"zh", "en"}:
            raise ValueError(f"attack: expected languages of zh and en, got {self.languages}")


ATTACKS: dict[str, Known] = {
    "homophone": Known(homophone, ("zh",)),
    "lookalike": Known(lookalike),
    "pinyin": Known(pinyin, ("zh",)),
    "emoji": Known(emoji),
    "typo": Known(typo),
    "spacing": Known(spacing),
}


def attack_named(name: str) -> Attack:
    """Return an attack.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    if name not in ATTACKS:
        raise ValueError(f"attack {name!r}: expected one of {', '.join(ATTACKS)}")
    return ATTACKS[name].attack
