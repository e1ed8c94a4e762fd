"""Training texts altered so that a classifier learns what does not matter: synonyms and noise.

Synonym replacement and random noise as in Wei and Zou, "EDA", EMNLP 2019. The synonyms are our own
short lists of both languages; the noise is that of :mod:`features.text.attacks.typo`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import rjieba
from pydantic import BaseModel, ConfigDict, Field

from features.text.attacks.registry import ATTACKS, attack_named
from features.text.tokenize import is_han

_WORDS = Path(__file__).parent / "words"
_UNIT = re.compile(r"[A-Za-z]+|[\u3400-\u9fff]+|.", re.DOTALL)
_SEEDS = 2**31


class AugmentSettings(BaseModel):
    """Which texts are altered, and how much.

    Parameters
    ----------
    share : float
        Share of the texts that are altered; 0 alters none.
    synonyms : float
        Share of an altered text's words with synonyms that become one of them.
    noise : float
        Share of its words, or Han characters, with a slip of the finger.
    attacks : tuple of str
        Names of further attacks, of which each altered text meets one, against robustness lost.
    attack_rate : float
        Share of the places that such an attack hits.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    share: float = Field(default=0.0, ge=0, le=1)
    synonyms: float = Field(default=0.3, ge=0, le=1)
    noise: float = Field(default=0.05, ge=0, le=1)
    attacks: tuple[str, ...] = ()
    attack_rate: float = Field(default=0.15, ge=0, le=1)

    def model_post_init(self, _: object) -> None:
        """Check the names of attacks."""
        unknown = sorted(set(self.attacks) - set(ATTACKS))
        if unknown:
            raise ValueError(
                f"augmentation: no attack {', '.join(unknown)}; expected of {', '.join(ATTACKS)}"
            )


@cache
def synonyms() -> dict[str, tuple[str, ...]]:
    """Return for each word the others that can stand in its place, both languages together."""
    table: dict[str, tuple[str, ...]] = {}
    for file in sorted(_WORDS.glob("synonyms_*.txt")):
        for line in file.read_text("utf-8").splitlines():
            group = [] if line.startswith("#") else line.split()
            for word in group:
                others = tuple(other for other in group if other != word)
                table[word] = table.get(word, ()) + others
    return table


def with_synonyms(text: str, rate: float, seed: int) -> str:
    """Return the text with a share of the words that have synonyms replaced by one.

    Examples
    --------
    >>> with_synonyms("Problem!", 1.0, 1) in {"Issue!", "Trouble!"}
    True
    """
    dice, table = random.Random(f"{seed}:{text}"), synonyms()
    found: list[str] = []
    for unit in _UNIT.findall(text):
        for word in rjieba.cut(unit) if is_han(unit) else [unit]:
            others = table.get(word.lower())
            if others and dice.random() < rate:
                other = dice.choice(others)
                found.append(other.capitalize() if word[0].isupper() else other)
            else:
                found.append(word)
    return "".join(found)


class Augmenter:
    """Alters texts for training; the labels stay.

    Parameters
    ----------
    settings : AugmentSettings
        How much.
    """

    def __init__(self, settings: AugmentSettings) -> None:
        self._settings = settings

    def augment(self, texts: Sequence[str], *, seed: int) -> list[str]:
        """Return the texts in the same order, a share of them altered.

        Parameters
        ----------
        texts : sequence of str
            n texts.
        seed : int
            Equal seeds, equal answers.
        """
        dice = random.Random(seed)
        found = []
        for text in texts:
            own = dice.randrange(_SEEDS)
            altered = dice.random() < self._settings.share
            found.append(self._altered(text, own) if altered else text)
        return found

    def _altered(self, text: str, seed: int) -> str:
        settings = self._settings
        text = with_synonyms(text, settings.synonyms, seed)
        text = attack_named("typo")(text, settings.noise, seed)
        if settings.attacks:
            name = settings.attacks[seed % len(settings.attacks)]
            text = attack_named(name)(text, settings.attack_rate, seed)
        return text
