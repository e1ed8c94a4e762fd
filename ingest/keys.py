"""Which keys a table holds, and in which file: an index in memory, so that appends need no scan."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

Hashes = npt.NDArray[np.uint64]
FileNumbers = npt.NDArray[np.uint32]


def hash_keys(keys: pa.ChunkedArray | pa.Array) -> Hashes:
    """Return a 64-bit hash of every key."""
    values = np.asarray(keys.to_numpy(zero_copy_only=False), dtype=object)
    return pd.util.hash_array(values, categorize=False)


class KeyIndex:
    """Sorted key hashes with the number of the file each is in: 12 bytes a stored row.

    Levels grow geometrically, as in a log-structured merge tree: adding is cheap and a look-up
    searches a handful of sorted arrays. Two keys may share a hash, so a hit is a candidate that the
    caller confirms in the files named.
    """

    def __init__(self) -> None:
        self._levels: list[tuple[Hashes, FileNumbers]] = []
        self._names: list[str] = []
        self._rows: dict[str, int] = {}

    def __len__(self) -> int:
        return sum(self._rows.values())

    @property
    def rows(self) -> dict[str, int]:
        """Number of rows by file."""
        return dict(self._rows)

    def add(self, file: str, hashes: Hashes) -> None:
        """Add the keys of a file."""
        number = len(self._names)
        self._names.append(file)
        self._rows[file] = len(hashes)
        self._push(np.sort(hashes), np.full(len(hashes), number, dtype=np.uint32))

    def remove(self, files: set[str]) -> None:
        """Forget the keys of these files."""
        gone = np.array([n for n, name in enumerate(self._names) if name in files], np.uint32)
        for file in files:
            self._rows.pop(file, None)
        kept = [(hashes, ~np.isin(numbers, gone), numbers) for hashes, numbers in self._levels]
        self._levels = [(hashes[mask], numbers[mask]) for hashes, mask, numbers in kept]

    def files_with(self, hashes: Hashes) -> list[str]:
        """Return the files that may hold one of these keys, none if all keys are new."""
        asked = np.sort(hashes)
        found: set[int] = set()
        for stored, numbers in self._levels:
            place = np.searchsorted(stored, asked)
            hit = _equal(stored, place, asked)
            while len(hit):
                found.update(np.unique(numbers[place[hit]]).tolist())
                place[hit] += 1  # the next equal hash: another key that happens to share it
                hit = hit[np.isin(hit, _equal(stored, place, asked))]
        return [self._names[number] for number in sorted(found)]

    def _push(self, hashes: Hashes, numbers: FileNumbers) -> None:
        while self._levels and len(self._levels[-1][0]) < 2 * len(hashes):
            older, older_numbers = self._levels.pop()
            hashes = np.concatenate([older, hashes])
            order = np.argsort(hashes, kind="stable")
            hashes = hashes[order]
            numbers = np.concatenate([older_numbers, numbers])[order]
        self._levels.append((hashes, numbers))


def _equal(stored: Hashes, place: npt.NDArray[np.intp], asked: Hashes) -> npt.NDArray[np.intp]:
    inside = np.flatnonzero(place < len(stored))
    equal: npt.NDArray[np.intp] = inside[stored[place[inside]] == asked[inside]]
    return equal
