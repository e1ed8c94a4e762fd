"""What all attacks share: which places of a text are hit."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable

HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
WORD = re.compile(r"[A-Za-z]+")


class Dice:
    """Decides which places of one text an attack of one rate hits.

    Parameters
    ----------
    text : str
        Two texts are hit in different places under the same seed.
    rate : float
        Share of the places that are hit, in [0, 1]; each is hit or not independently.
    seed : int
        Another seed, other places.

    Raises
    ------
    ValueError
        If the rate is outside [0, 1].
    """

    def __init__(self, text: str, rate: float, seed: int) -> None:
        if not 0 <= rate <= 1:
            raise ValueError(f"attack: expected a rate in [0, 1], got {rate}")
        self.random = random.Random(f"{seed}:{text}")
        self._rate = rate

    def hits(self) -> bool:
        """Return whether the next place is hit."""
        return self.random.random() < self._rate

    def choose(self, choices: Iterable[str]) -> str:
        """Return one of the choices."""
        return self.random.choice(list(choices))
