"""Append-only files: a line is what somebody decided, the fold of all lines is the state."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Generic, TypeVar

from filelock import FileLock
from pydantic import BaseModel

Line = TypeVar("Line", bound=BaseModel)


class Journal(Generic[Line]):
    """Lines of one kind, oldest first, in one file of JSON Lines.

    Parameters
    ----------
    file : Path
        Made, with its folder, when the first line is written.
    kind : type
        A pydantic model.
    """

    def __init__(self, file: Path, kind: type[Line]) -> None:
        self.file = file
        self._kind = kind

    def add(self, line: Line) -> None:
        """Append a line; it is on disk when this returns."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with (
            FileLock(self.file.with_suffix(".lock")),
            self.file.open("a", encoding="utf-8") as lines,
        ):
            lines.write(line.model_dump_json(exclude_none=True) + "\n")
            lines.flush()
            os.fsync(lines.fileno())

    def lines(self) -> list[Line]:
        """Return all lines, oldest first.

        Raises
        ------
        ValueError
            If a line cannot be read; the message says which.
        """
        if not self.file.exists():
            return []
        found = []
        told = self.file.read_text("utf-8").removesuffix("\n").split("\n")
        for number, line in enumerate(told, start=1):  # texts may hold other line separators
            try:
                found.append(self._kind.model_validate_json(line))
            except ValueError as error:
                raise ValueError(f"{self.file}, line {number}: {error}") from error
        return found
