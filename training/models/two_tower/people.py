"""What the sub-towers of the customer read: behavior, sentiment and topics as equal columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from training.ids import FloatArray, IntArray
from training.models.ranking.people import BEHAVIOR, CustomerState

if TYPE_CHECKING:
    from features.store.reader import FeatureReader

BLOCKS = ("behavior", "sentiment", "topic")
_SCALARS = (BEHAVIOR, ("mood", "mood_trend"), ("texts",))
_LARGEST = 5.0  # standard deviations; what lies further out says no more


@dataclass(frozen=True, eq=False)
class Portraits:
    """What is known of some customers at a moment.

    Parameters
    ----------
    columns : ndarray of float32, shape [n, width]
        The three blocks side by side, standardized, 0 where unknown.
    present : ndarray of bool, shape [n, 3]
        Which blocks say anything.
    """

    columns: FloatArray
    present: NDArray[np.bool_]

    def take(self, rows: IntArray) -> Portraits:
        """Return the rows asked for."""
        return Portraits(self.columns[rows], self.present[rows])

    def shown(self, which: NDArray[np.bool_]) -> Portraits:
        """Return the same with the others unknown; ``which`` is of shape [n]."""
        return Portraits(self.columns * which[:, None], self.present & which[:, None])


@dataclass(frozen=True, eq=False)
class Scaling:
    """How profiles become columns: scalars by sign and logarithm, then all standardized.

    Parameters
    ----------
    widths : ndarray of int32, shape [4]
        Length of the behavior, sentiment and topic vectors, and of the topic shares.
    center, scale : ndarray of float32, shape [width]
        Mean of the known values, and what the distance from it is multiplied by.
    """

    widths: IntArray
    center: FloatArray
    scale: FloatArray

    @classmethod
    def of(
        cls, ids: Sequence[str], moment: datetime, features: FeatureReader | None
    ) -> tuple[Scaling, Portraits]:
        """Learn from the profiles of ``ids`` at a moment; return their portraits too."""
        people = CustomerState.of(ids, moment, features)
        vectors = [people.vectors.get(f"{name}_vector") for name in BLOCKS]
        widths = [0 if each is None else each.shape[1] for each in vectors]
        sizes = np.array([*widths, people.topics.shape[1]], dtype=np.int32)
        raw = _raw(people, len(ids), sizes)
        known = ~np.isnan(raw)
        count = np.maximum(known.sum(axis=0), 1)
        center = np.where(known, raw, 0).sum(axis=0) / count
        spread = np.sqrt((np.where(known, raw - center, 0) ** 2).sum(axis=0) / count)
        scale = np.divide(1, spread, out=np.zeros_like(spread), where=spread > 0)
        found = cls(sizes, center.astype(np.float32), scale.astype(np.float32))
        return found, found._portraits(raw)

    @property
    def edges(self) -> tuple[int, int, int, int]:
        """Where blocks begin and the last one ends."""
        behavior, sentiment, topic, shares = (int(width) for width in self.widths)
        first = len(_SCALARS[0]) + behavior
        second = first + len(_SCALARS[1]) + sentiment
        return 0, first, second, second + len(_SCALARS[2]) + topic + shares

    def read(
        self, ids: Sequence[str], moment: datetime | None, features: FeatureReader | None
    ) -> Portraits:
        """Return the portraits of ``ids`` at a moment; None reads what is newest."""
        people = CustomerState.of(ids, moment, features)
        return self._portraits(_raw(people, len(ids), self.widths))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the scaling as named arrays."""
        return {"widths": self.widths, "center": self.center, "scale": self.scale}

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]]) -> Scaling:
        """Take over what :meth:`arrays` returned."""
        return cls(arrays["widths"], arrays["center"], arrays["scale"])

    def _portraits(self, raw: FloatArray) -> Portraits:
        edges = self.edges
        said = np.nan_to_num(raw) != 0
        present = [said[:, edges[n] : edges[n + 1]].any(axis=1) for n in range(len(BLOCKS))]
        columns = np.nan_to_num((raw - self.center) * self.scale)
        return Portraits(
            np.clip(columns, -_LARGEST, _LARGEST).astype(np.float32), np.stack(present, axis=1)
        )


def _raw(people: CustomerState, rows: int, widths: IntArray) -> FloatArray:
    """Return the blocks side by side, [rows, width], NaN where unknown."""

    def sized(values: FloatArray | None, width: int) -> FloatArray:
        if values is None or values.shape != (rows, width):
            return np.full((rows, width), np.nan, dtype=np.float32)
        return values

    parts = []
    for place, name in enumerate(BLOCKS):
        for scalar in _SCALARS[place]:
            values = sized(people.numbers.get(scalar, np.empty(0, np.float32))[:, None], 1)
            parts.append(np.sign(values) * np.log1p(np.abs(values)))
        parts.append(sized(people.vectors.get(f"{name}_vector"), int(widths[place])))
    parts.append(sized(people.topics, int(widths[3])))
    return np.hstack(parts)
