"""How much a classifier loses when its texts are garbled: accuracy by attack and rate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.text.attacks.registry import ATTACKS
from features.text.classifier.examples import Labeled

RATES = (0.05, 0.1, 0.2)
CLEAN = "clean"
Change = Callable[[str], str]


class Predicts(Protocol):
    """Any text classifier."""

    def predict(self, texts: Sequence[str]) -> pa.Table:
        """Return the column ``label``, one row a text."""
        ...


@dataclass(frozen=True, eq=False)
class Point:
    """What a classifier got right under one attack.

    Parameters
    ----------
    attack : str
        Name of the attack, or ``clean``.
    rate : float
        Share of the places that were hit; 0 for ``clean``.
    right : numpy.ndarray
        bool [n], whether each text's label was found.
    """

    attack: str
    rate: float
    right: NDArray[np.bool_]

    @property
    def accuracy(self) -> float:
        """Share of right labels."""
        return float(self.right.mean())


def noise_curve(
    classifier: Predicts,
    examples: Labeled,
    *,
    language: str,
    rates: Sequence[float] = RATES,
    seed: int = 0,
    defense: Change | None = None,
) -> Iterator[Point]:
    """Yield the clean point, then one a rate for every attack that hits the language.

    Parameters
    ----------
    classifier : Predicts
        What is attacked.
    examples : Labeled
        Texts that it has not seen; the same ones at every point, so that points are paired.
    language : {"zh", "en"}
        Of the texts.
    rates : sequence of float
        Shares of places that are hit.
    seed : int
        Decides which.
    defense : callable, optional
        Is given every text before the classifier sees it, such as
        :func:`features.text.attacks.restore.restore`.
    """
    yield Point(CLEAN, 0.0, _right(classifier, examples, list(examples.texts), defense))
    for name, known in ATTACKS.items():
        for rate in rates if language in known.languages else ():
            garbled = [known.attack(text, rate, seed) for text in examples.texts]
            yield Point(name, rate, _right(classifier, examples, garbled, defense))


def _right(
    classifier: Predicts, examples: Labeled, texts: list[str], defense: Change | None
) -> NDArray[np.bool_]:
    ready = texts if defense is None else [defense(text) for text in texts]
    said = classifier.predict(ready)["label"].to_pylist()
    return np.array([a == b for a, b in zip(said, examples.labels, strict=True)], dtype=np.bool_)
