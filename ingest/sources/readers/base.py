"""What readers yield."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from ingest.sources.base import Broken


@dataclass(frozen=True)
class Part:
    """Some rows of a file under the file's own column names.

    Attributes
    ----------
    rows : pyarrow.Table
        The rows; values of text files are text.
    first_row : int
        Number of the first row, counted from 1 at the first line of the file.
    broken : tuple of Broken
        Rows in between that could not be split.
    """

    rows: pa.Table
    first_row: int
    broken: tuple[Broken, ...] = ()


Reader = Callable[[Path], Iterator[Part]]


def suffix_of(path: Path) -> str:
    """Return the file's suffix in lower case, the one before ``.gz`` if there is that."""
    name = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    return name.suffix.lower()
