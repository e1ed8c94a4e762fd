"""Which keys a table holds, and in which file: an index in memory, so that appends need no scan."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Hashes = npt.NDArray[np.uint64]
FileNumbers = npt.NDArray[np.uint32]
SEED = 20240601
LARGEST_LEVEL = 4_000_000  # merging larger ones would take memory that grows with the table


def hash_keys(keys: pa.ChunkedArray | pa.Array, seed: int = SEED) -> Hashes:
    """Return a 64-bit hash of every key: its bytes weighted by random numbers, summed modulo 2**64.

    Multilinear hashing (Lemire & Kaser, 2014) straight from Arrow's buffers: three times quicker
    than making Python strings to hash. Equal hashes are followed by a comparison of the keys, or of
    their hashes under another ``seed``.
    """
    values = keys.combine_chunks() if isinstance(keys, pa.ChunkedArray) else keys
    if isinstance(values, pa.ChunkedArray) or len(values) == 0:
        return np.array([], dtype=np.uint64)
    _, offsets_buffer, data = values.buffers()
    places = np.frombuffer(offsets_buffer, dtype=np.int32)
    offsets = places[values.offset : values.offset + len(values) + 1].astype(np.int64)
    lengths = np.diff(offsets)
    text = np.frombuffer(data or b"", dtype=np.uint8)[offsets[0] : offsets[-1]]
    starts = offsets[:-1] - offsets[0]
    weights = _weights(1 << int(lengths.max()).bit_length(), seed)
    position = np.arange(len(text)) - np.repeat(starts, lengths)
    weighted = weights[position] * (text.astype(np.uint64) + np.uint64(1))
    hashes: Hashes = weights[-1] * lengths.astype(np.uint64)
    filled = lengths > 0
    if filled.any():
        hashes[filled] += np.add.reduceat(weighted, starts[filled])
    return hashes


@cache
def _weights(count: int, seed: int) -> Hashes:
    # The last weight is for the length, the others for the bytes from the first on. More weights
    # begin with the same ones: a key has one hash, whatever other keys are there.
    drawn = np.random.default_rng(seed).integers(0, 2**64, count + 1, dtype=np.uint64)
    return np.append(drawn[1:], drawn[0])


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
        while self._levels and len(self._levels[-1][0]) < min(2 * len(hashes), LARGEST_LEVEL):
            hashes, numbers = _merged(self._levels.pop(), (hashes, numbers))
        self._levels.append((hashes, numbers))


def _merged(
    one: tuple[Hashes, FileNumbers], two: tuple[Hashes, FileNumbers]
) -> tuple[Hashes, FileNumbers]:
    place = np.searchsorted(one[0], two[0]) + np.arange(len(two[0]))
    from_one = np.ones(len(one[0]) + len(two[0]), dtype=bool)
    from_one[place] = False
    hashes = np.empty(len(from_one), dtype=np.uint64)
    numbers = np.empty(len(from_one), dtype=np.uint32)
    hashes[place], hashes[from_one] = two[0], one[0]
    numbers[place], numbers[from_one] = two[1], one[1]
    return hashes, numbers


def _equal(stored: Hashes, place: npt.NDArray[np.intp], asked: Hashes) -> npt.NDArray[np.intp]:
    inside = np.flatnonzero(place < len(stored))
    equal: npt.NDArray[np.intp] = inside[stored[place[inside]] == asked[inside]]
    return equal
