"""Readers of file formats: each yields the rows of one file in parts of bounded size."""

from __future__ import annotations

from pathlib import Path

from ingest.sources.base import SourceError
from ingest.sources.readers.base import Part, Reader, suffix_of
from ingest.sources.readers.delimited import read_delimited
from ingest.sources.readers.jsonl import read_jsonl
from ingest.sources.readers.parquet import read_parquet

__all__ = ["READERS", "Part", "reader_for"]

READERS: dict[str, Reader] = {
    ".csv": read_delimited,
    ".tsv": read_delimited,
    ".txt": read_delimited,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".json": read_jsonl,
    ".parquet": read_parquet,
    ".pq": read_parquet,
}


def reader_for(path: Path) -> Reader:
    """Return the reader of a file, by its suffix.

    Raises
    ------
    SourceError
        If no reader knows the suffix.
    """
    suffix = suffix_of(path)
    if suffix not in READERS:
        raise SourceError(
            f"{path}: expected a file ending in {', '.join(READERS)} (.gz may follow), "
            f"received {path.suffix or 'no ending'!r}"
        )
    return READERS[suffix]
