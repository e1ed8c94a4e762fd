"""Which rows were archived: hashes of their keys stay, so that loading does not bring them back.

Two 64-bit hashes a row, 16 bytes: two different keys share both with a chance of 1 in 2**128.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.durable import sync_folder, whole
from ingest.keys import Hashes, hash_keys

FOLDER = ".archived"
_OPEN = 512  # files that stay mapped: 14 years of months of three tables
_SECOND = 20260301  # seed of the hash that confirms the first


class ArchivedKeys:
    """The keys of one table that are in an archive, ``.archived/<table>/<month>.npy``.

    Files are arrays uint64 [2, rows], the first row sorted: the hash, and the one that confirms it.
    Changed only while the table is held (:meth:`ingest.store.Store.still`).

    Parameters
    ----------
    root : Path
        Folder of the tables.
    table : str
        Name of a canonical table.
    """

    def __init__(self, root: Path, table: str) -> None:
        self._folder = Path(root) / FOLDER / table

    def holds(self, keys: pa.ChunkedArray, hashes: Hashes) -> npt.NDArray[np.bool_] | None:
        """Mark the keys that are archived; None if nothing ever was.

        Parameters
        ----------
        keys : pyarrow.ChunkedArray
            Of a batch.
        hashes : uint64 array
            Theirs, as of :func:`ingest.keys.hash_keys`.
        """
        if not self._folder.is_dir():
            return None
        marks = np.zeros(len(hashes), dtype=bool)
        second: Hashes | None = None
        for stored in self._stored():
            place = np.searchsorted(stored[0], hashes)
            near = _equal(stored[0], place, hashes, np.arange(len(hashes)))
            if len(near) and second is None:
                second = hash_keys(keys, _SECOND)
            while second is not None and len(near):
                marks[near] |= stored[1][place[near]] == second[near]
                place[near] += 1  # the next equal hash: another key that happens to share it
                near = _equal(stored[0], place, hashes, near)
        return marks

    def add(self, month: str, keys: pa.ChunkedArray) -> None:
        """Take in keys of a month; on disk when this returns."""
        fresh = np.stack([hash_keys(keys), hash_keys(keys, _SECOND)])
        self._write(month, np.unique(np.concatenate([self._of(month), fresh], axis=1), axis=1))

    def remove(self, month: str, keys: pa.ChunkedArray) -> None:
        """Forget keys of a month, which are stored again."""
        known = self._of(month)
        gone = np.stack([hash_keys(keys), hash_keys(keys, _SECOND)])
        kept = known[:, ~np.isin(_pairs(known), _pairs(gone))]
        if kept.shape[1]:
            self._write(month, kept)
        elif self._file(month).exists():
            self._file(month).unlink()
            sync_folder(self._folder)

    def months(self) -> dict[str, int]:
        """Return the number of keys by month."""
        if not self._folder.is_dir():
            return {}
        return {file.stem: self._of(file.stem).shape[1] for file in self._files()}

    def _stored(self) -> Iterator[Hashes]:
        for file in self._files():
            told = file.stat()
            yield _mapped(file, (told.st_ino, told.st_mtime_ns, told.st_size))

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("[0-9]*.npy"))

    def _file(self, month: str) -> Path:
        return self._folder / f"{month}.npy"

    def _of(self, month: str) -> Hashes:
        file = self._file(month)
        found: Hashes = np.load(file) if file.exists() else np.empty((2, 0), dtype=np.uint64)
        return found

    def _write(self, month: str, pairs: Hashes) -> None:
        with whole(self._file(month)) as out:
            np.save(out, np.ascontiguousarray(pairs))


@lru_cache(maxsize=_OPEN)
def _mapped(file: Path, mark: tuple[int, ...]) -> Hashes:  # noqa: ARG001 (tells a replaced file)
    """Return an array on disk, kept open: a small append must not open every month again."""
    found: Hashes = np.load(file, mmap_mode="r")
    return found


def _equal(
    stored: Hashes, place: npt.NDArray[np.intp], asked: Hashes, among: npt.NDArray[np.intp]
) -> npt.NDArray[np.intp]:
    inside = among[place[among] < len(stored)]
    equal: npt.NDArray[np.intp] = inside[stored[place[inside]] == asked[inside]]
    return equal


def _pairs(hashes: Hashes) -> npt.NDArray[np.void]:
    """Return each column of an array [2, rows] as one value."""
    pairs = np.ascontiguousarray(hashes.T).view([("first", np.uint64), ("second", np.uint64)])
    return pairs.reshape(-1)
