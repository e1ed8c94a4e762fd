"""Append-only files: a line is what somebody decided or what became of something due.

The fold of all lines is the state.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Generic, TypeVar

from filelock import FileLock
from pydantic import BaseModel
from pydantic_core import from_json

Line = TypeVar("Line", bound=BaseModel)


class Journal(Generic[Line]):
    """Lines of one kind, oldest first, in one file of JSON Lines.

    A line ends with a line break. What a crash left of a line is not read, and the next one takes
    its place; a whole line that lacks nothing but its break is read, and gets it with the next.

    Parameters
    ----------
    file : Path
        Made, with its folder, when the first line is written.
    kind : type
        A pydantic model.

    Attributes
    ----------
    lock : FileLock
        Held while a line is added; whoever holds it may add lines that follow from those before.
    """

    def __init__(self, file: Path, kind: type[Line]) -> None:
        self.file = file
        self.lock = FileLock(file.with_suffix(".lock"))
        self._kind = kind

    def __iter__(self) -> Iterator[Line]:
        """Yield all lines, oldest first.

        Raises
        ------
        ValueError
            If a line cannot be read; the message says which.
        """
        if not self.file.exists():
            return
        *told, last = self.file.read_bytes().split(b"\n")  # texts may hold other line separators
        if _whole(last):
            told.append(last)
        for number, line in enumerate(told, start=1):
            try:
                yield self._kind.model_validate_json(line)
            except ValueError as error:
                raise ValueError(f"{self.file}, line {number}: {error}") from error

    def add(self, line: Line) -> None:
        """Append a line; it is on disk when this returns."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.lock, self.file.open("ab") as out:
            content = self.file.read_bytes()
            ended = content.rfind(b"\n") + 1
            if _whole(content[ended:]):
                out.write(b"\n")
            else:
                out.truncate(ended)
            out.write(line.model_dump_json(exclude_none=True).encode() + b"\n")
            out.flush()
            os.fsync(out.fileno())


def _whole(line: bytes) -> bool:
    """Return whether ``line`` is all of a JSON object, not what a crash left of one."""
    try:
        return isinstance(from_json(line), dict)
    except ValueError:
        return False


def now() -> datetime:
    """Return the present moment as lines tell it: UTC, whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)
