"""An append-only file of records, one a line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Generic, TypeVar

import orjson
from filelock import FileLock
from pydantic import BaseModel

Record = TypeVar("Record", bound=BaseModel)


class Journal(Generic[Record]):
    """Records in the order they were added.

    A line is on disk before :meth:`add` returns. A line that a crash cut short is not read.

    Parameters
    ----------
    file : Path
        Created with its folder where needed.
    kind : type of Record
        What a line is.
    """

    def __init__(self, file: Path, kind: type[Record]) -> None:
        self.file = file
        self.lock = FileLock(f"{file}.lock")
        self._kind = kind

    def __iter__(self) -> Iterator[Record]:
        """Return what is recorded, oldest first."""
        if not self.file.exists():
            return
        for line in self.file.read_bytes().split(b"\n")[:-1]:
            yield self._kind.model_validate(orjson.loads(line))

    def add(self, record: Record) -> None:
        """Keep one record."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("ab") as out:
            if self._torn():
                out.truncate(self.file.read_bytes().rfind(b"\n") + 1)
            out.write(orjson.dumps(record.model_dump(mode="json")) + b"\n")
            out.flush()
            os.fsync(out.fileno())

    def _torn(self) -> bool:
        return self.file.stat().st_size > 0 and not self.file.read_bytes().endswith(b"\n")
