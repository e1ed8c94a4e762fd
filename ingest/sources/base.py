"""What a data source is: something that yields batches of rows under canonical column names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import pyarrow as pa


class SourceError(ValueError):
    """A file or mapping that cannot be read.

    The message names the file, what was expected, what was received and what to do.
    """


@dataclass(frozen=True)
class Times:
    """How times that are not typed are to be read.

    Attributes
    ----------
    zone : str
        IANA zone in which times without a zone are meant, such as ``Asia/Shanghai``.
    formats : tuple of str
        ``strptime`` patterns tried before ISO 8601, or ``epoch_s``, ``epoch_ms``, ``epoch_us``
        for numbers counted from 1970-01-01T00:00:00Z.
    """

    zone: str = "UTC"
    formats: tuple[str, ...] = ()


@dataclass(frozen=True)
class Broken:
    """A row that could not be split into columns.

    Attributes
    ----------
    row : int
        Row number in the file, counted as in :attr:`RawBatch.first_row`.
    reason : str
        What was expected and what was received.
    content : str
        The row as it stands in the file.
    """

    row: int
    reason: str
    content: str


@dataclass(frozen=True)
class RawBatch:
    """Some rows of one file, meant for one canonical table.

    Attributes
    ----------
    table : str
        Name of a canonical table.
    rows : pyarrow.Table
        Canonical column names. Values may still be text; a column that is missing is null, a column
        the table does not have is an error. ``source`` and ``available_at`` are filled in when
        missing: the name of the source, ``occurred_at``.
    file : str
        File the rows come from, as shown to people.
    first_row : int
        Number of the first row in that file, counted from 1 at the first line of the file, so that
        the row after one header line is row 2.
    broken : tuple of Broken
        Rows in this range that could not be split; they are not in ``rows``.
    times : Times
        How times given as text or numbers are to be read.
    notes : tuple of str
        Sentences for the load report, such as which columns were guessed.
    derived_key : bool
        Whether the key was made from the other columns (``ingest.identity.KeyMaker``). A rejected
        row is then kept without it, because correcting the row changes its key.
    numbers : tuple of int
        Number of each row in the file, where the rows do not follow each other.
    """

    table: str
    rows: pa.Table
    file: str
    first_row: int = 1
    broken: tuple[Broken, ...] = ()
    times: Times = field(default_factory=Times)
    notes: tuple[str, ...] = ()
    derived_key: bool = False
    numbers: tuple[int, ...] = ()


@runtime_checkable
class Source(Protocol):
    """Something that can be loaded.

    ``batches`` may raise :class:`SourceError` after it has yielded what could be read: the rows
    yielded before are kept.
    """

    name: str

    def batches(self) -> Iterator[RawBatch]:
        """Yield the rows, a bounded number at a time (50,000 to 250,000 is a good size)."""
        ...


@runtime_checkable
class Resumable(Source, Protocol):
    """A source that knows how far it was read, and reads on from there."""

    def stored(self) -> None:
        """Remember it: everything yielded so far is stored, or kept among the rejected rows."""
        ...
