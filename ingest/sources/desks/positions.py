"""How far each file of a source was read, so that a later load begins where the last one ended."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

FOLDER = ".positions"  # beside the tables: a store that is removed is read into anew


@dataclass(frozen=True)
class Position:
    """The part of a file that is stored.

    Attributes
    ----------
    rows : int
        Lines, or 1 for a file that is one document.
    digest : str
        BLAKE2b of those bytes: another content under the same name is another file.
    """

    rows: int
    digest: str


class Positions:
    """Positions of one source in one workspace.

    Nothing is written before :meth:`save`, which is called once everything read is stored: a load
    that is killed reads the same again, and what is stored by then is a duplicate.

    Parameters
    ----------
    store : pathlib.Path, optional
        Folder of the canonical tables. Without, nothing is remembered.
    source : str
        Name of the source.
    """

    def __init__(self, store: Path | None, source: str) -> None:
        self._file = None if store is None else Path(store) / FOLDER / f"{source}.json"
        self._known: dict[str, Position] = {}
        if self._file is not None and self._file.exists():
            told = orjson.loads(self._file.read_bytes())
            self._known = {name: Position(**position) for name, position in told.items()}

    def of(self, file: str) -> Position | None:
        """Return how far a file was read, None if it never was."""
        return self._known.get(file)

    def reached(self, file: str, position: Position) -> None:
        """Remember how far a file was read now."""
        self._known[file] = position

    def save(self) -> None:
        """Write all positions, atomically."""
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        told = {name: asdict(position) for name, position in sorted(self._known.items())}
        fresh = self._file.with_suffix(f".{os.getpid()}.tmp")
        fresh.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))
        fresh.replace(self._file)
