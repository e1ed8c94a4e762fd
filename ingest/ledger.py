"""One writer's view of one Delta table: the open table and the index of its keys, kept in step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from deltalake import DeltaTable

from ingest.keys import Hashes, KeyIndex, hash_keys
from ingest.schemas import CanonicalTable


class Ledger:
    """An open Delta table with its key index. Used only while the table's lock is held.

    Parameters
    ----------
    spec : CanonicalTable
        The table's declaration.
    path : pathlib.Path
        Its folder.
    """

    def __init__(self, spec: CanonicalTable, path: Path) -> None:
        self.spec = spec
        self._path = path
        self._index = KeyIndex()
        self._version = -1
        self._open()

    @property
    def files(self) -> dict[str, int]:
        """Rows by data file."""
        return self._index.rows

    def catch_up(self) -> None:
        """Take in what other writers have committed since."""
        if self._born != self._birth() or not self._log_path(self._version).exists():
            self._open()  # made anew, or this view is older than the log is kept
            return
        if not self._log_path(self._version + 1).exists():
            return  # nobody else has written, and asking Delta costs as much as a small commit
        self.delta.update_incremental()
        current = int(self.delta.version())
        while self._version < current:
            self._version += 1
            self._apply(self._log(self._version))

    def note(self, hashes: Hashes) -> None:
        """Take in the commit just made through :attr:`delta`, whose keys are known."""
        version = int(self.delta.version())
        added = list(_files(self._log(version), "add"))
        if version == self._version + 1 and len(added) == 1:
            self._index.add(added[0], hashes)
            self._version = version
        else:  # somebody wrote without the lock, or the commit came as several files
            self.catch_up()

    def keys_near(self, hashes: Hashes) -> pa.Array | None:
        """Return the keys of the files that may hold one of these, None if there is none."""
        files = self._index.files_with(hashes)
        if not files:
            return None
        return pa.chunked_array([self._keys(file) for file in files]).combine_chunks()

    def rows_near(self, hashes: Hashes, keys: pa.ChunkedArray) -> pa.Table:
        """Return the stored rows that have one of these keys."""
        files = [str(self._path / file) for file in self._index.files_with(hashes)]
        if not files:
            return self.spec.schema.empty_table()
        wanted = pc.field(self.spec.key).isin(keys.combine_chunks())
        return ds.dataset(files, schema=self.spec.schema).to_table(filter=wanted)

    def _open(self) -> None:
        self.delta = DeltaTable(self._path)
        self._born = self._birth()
        self._rebuild()

    def _birth(self) -> int | None:
        """Return what changes when somebody removes the table and makes it anew."""
        first = self._log_path(0)
        return first.stat().st_mtime_ns if first.exists() else None

    def _rebuild(self) -> None:
        self._index = KeyIndex()
        self._version = int(self.delta.version())
        for uri in self.delta.file_uris():
            file = unquote(uri).rsplit("/", 1)[-1]
            self._index.add(file, hash_keys(self._keys(file)))

    def _apply(self, log: list[dict[str, Any]]) -> None:
        removed = set(_files(log, "remove"))
        if removed:
            self._index.remove(removed)
        for file in _files(log, "add"):
            self._index.add(file, hash_keys(self._keys(file)))

    def _keys(self, file: str) -> pa.Array:
        column = pq.read_table(self._path / file, columns=[self.spec.key], partitioning=None)
        return column[self.spec.key].cast(pa.string()).combine_chunks()

    def _log(self, version: int) -> list[dict[str, Any]]:
        return [orjson.loads(line) for line in self._log_path(version).read_bytes().splitlines()]

    def _log_path(self, version: int) -> Path:
        return self._path / "_delta_log" / f"{version:020d}.json"


def _files(log: list[dict[str, Any]], action: str) -> Iterator[str]:
    return (unquote(entry[action]["path"]) for entry in log if action in entry)
