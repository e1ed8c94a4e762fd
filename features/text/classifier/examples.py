"""Texts that somebody has labeled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Labeled:
    """Labeled texts; the same text may occur again, with another label too.

    Parameters
    ----------
    texts : tuple of str
        n texts.
    labels : tuple of str
        n labels, none of them empty or ``"unknown"``, which is an answer and no example.

    Raises
    ------
    ValueError
        If there are not as many labels as texts, or a label is empty or ``"unknown"``.

    Examples
    --------
    >>> two = Labeled(("太慢了", "very good"), ("negative", "positive"))
    >>> two.classes, two.take([1]).texts
    (('negative', 'positive'), ('very good',))
    """

    texts: tuple[str, ...]
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check that texts and labels belong together."""
        if len(self.texts) != len(self.labels):
            raise ValueError(
                f"labeled texts: expected one label a text, got {len(self.texts)} texts and "
                f"{len(self.labels)} labels"
            )
        for row, label in enumerate(self.labels):
            if not label or label == UNKNOWN:
                raise ValueError(
                    f"labeled texts, row {row}: expected the name of a class, got {label!r}; leave "
                    f"texts out that have no label"
                )

    @property
    def classes(self) -> tuple[str, ...]:
        """The distinct labels, sorted."""
        return tuple(sorted(set(self.labels)))

    @property
    def counts(self) -> Mapping[str, int]:
        """How many texts each class has."""
        return Counter(self.labels)

    def numbers(self) -> NDArray[np.int64]:
        """Return the place of each text's label in :attr:`classes`, int64 [n]."""
        place = {label: number for number, label in enumerate(self.classes)}
        return np.array([place[label] for label in self.labels], dtype=np.int64)

    def take(self, rows: Iterable[int] | NDArray[np.int64]) -> Labeled:
        """Return the examples in these rows, in this order."""
        chosen = [int(row) for row in rows]
        return Labeled(
            tuple(self.texts[row] for row in chosen), tuple(self.labels[row] for row in chosen)
        )

    def __add__(self, other: Labeled) -> Labeled:
        return Labeled(self.texts + other.texts, self.labels + other.labels)

    def __len__(self) -> int:
        return len(self.texts)
