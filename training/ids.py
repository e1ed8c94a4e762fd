"""Stable two-way mapping between outside ids (text) and inside numbers (positions)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

IntArray = NDArray[np.int32]
FloatArray = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class IdMap:
    """Frozen mapping ``id`` (outside, text) to ``number`` (inside, 0-based position).

    Ids are kept in ascending order, so that ordering by number is ordering by id: a tie broken
    by number is a tie broken by id, whatever order the rows arrived in.

    Parameters
    ----------
    ids : ndarray of str, shape [n]
        Strictly ascending ids. Use :meth:`of` for values in any order, with repeats.

    Raises
    ------
    ValueError
        If an id is not text, or ids are not strictly ascending.

    Examples
    --------
    >>> items = IdMap.of(["tea", "rice", "tea"])
    >>> list(items.ids), items.numbers(["tea"]).tolist()
    (['rice', 'tea'], [1])
    """

    ids: NDArray[np.object_]

    def __post_init__(self) -> None:
        ids = np.asarray(self.ids, dtype=object)
        if ids.ndim != 1:
            raise ValueError(f"IdMap ids: expected one dimension, received shape {ids.shape}")
        wrong = next((value for value in ids if not isinstance(value, str)), None)
        if wrong is not None:
            raise ValueError(
                f"IdMap ids: expected text, received {type(wrong).__name__} {wrong!r}; "
                "cast ids to str at the door"
            )
        if len(ids) > 1 and not bool(np.all(ids[:-1] < ids[1:])):
            raise ValueError("IdMap ids: expected strictly ascending ids; build with IdMap.of(...)")
        ids.flags.writeable = False
        object.__setattr__(self, "ids", ids)

    @classmethod
    def of(cls, values: Iterable[str]) -> IdMap:
        """Build the map of the distinct values, in ascending order."""
        distinct = list(dict.fromkeys(values))
        ids = np.empty(len(distinct), dtype=object)
        ids[:] = distinct
        if any(not isinstance(value, str) for value in distinct):
            return cls(ids)  # raises, naming the value that is not text
        return cls(np.sort(ids))

    @cached_property
    def _index(self) -> pd.Index[Any]:
        return pd.Index(self.ids, dtype=object)

    def numbers(
        self,
        ids: Sequence[str] | NDArray[np.object_],
        missing: Literal["error", "negative"] = "error",
    ) -> IntArray:
        """Return the numbers of ``ids``.

        Parameters
        ----------
        ids : sequence of str, length [n]
            Ids in any order, repeats allowed.
        missing : {"error", "negative"}
            What to do with an id that is not in the map: raise, or answer -1.

        Returns
        -------
        ndarray of int32, shape [n]

        Raises
        ------
        KeyError
            If an id is unknown and ``missing`` is ``"error"``.
        """
        wanted = np.asarray(ids, dtype=object)
        numbers = self._index.get_indexer(pd.Index(wanted)).astype(np.int32)
        if missing == "error" and bool((numbers < 0).any()):
            unknown = wanted[numbers < 0]
            raise KeyError(
                f"{len(unknown)} of {len(wanted)} ids are unknown, the first is {unknown[0]!r}; "
                f"this map holds {len(self)} ids"
            )
        return numbers

    def ids_of(self, numbers: Sequence[int] | NDArray[Any]) -> NDArray[np.object_]:
        """Return the ids of ``numbers`` (each in ``0 <= number < len(self)``).

        Raises
        ------
        IndexError
            If a number is outside the map; -1 is not accepted as "the last".
        """
        positions = np.asarray(numbers, dtype=np.int64)
        if positions.size and (positions.min() < 0 or positions.max() >= len(self)):
            raise IndexError(
                f"numbers must be in [0, {len(self)}), "
                f"received {positions.min()}..{positions.max()}"
            )
        return self.ids[positions]

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, value: object) -> bool:
        return value in self._index

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IdMap) and np.array_equal(self.ids, other.ids)

    def __hash__(self) -> int:
        return hash((len(self), *self.ids[:3]))
