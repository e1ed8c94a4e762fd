"""CSV and TSV files, read in blocks with every value as text."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv

from ingest.sources.base import Broken, SourceError
from ingest.sources.readers.base import Part, suffix_of
from ingest.sources.readers.text import Utf8Stream

BLOCK_BYTES = 8 << 20
DELIMITERS = (",", "\t", ";", "|")


def read_delimited(path: Path) -> Iterator[Part]:
    """Yield the rows of a CSV or TSV file with a header line; rows of another width are broken.

    Row numbers count the header as row 1; lines inside a quoted value do not count.

    Raises
    ------
    SourceError
        If the file is empty, cannot be parsed, has a column twice or is truncated.
    """
    header = _header(path)
    broken: deque[Broken] = deque()
    stream = Utf8Stream(path)
    reader = _open(path, stream, _delimiter(path, header), broken)
    first = 2
    while True:
        try:
            batch = reader.read_next_batch()
        except StopIteration:
            break
        except pa.ArrowInvalid as error:
            raise SourceError(f"{path}, after row {first - 1}: cannot be split: {error}") from error
        inside = _inside(broken, first, batch.num_rows)
        if batch.num_rows or inside:
            yield Part(pa.Table.from_batches([batch]), first, inside)
        first += batch.num_rows + len(inside)
    if broken:
        yield Part(reader.schema.empty_table(), first, tuple(broken))
    if stream.failure is not None:
        raise stream.failure


def _header(path: Path) -> str:
    line = next(Utf8Stream(path).lines(), b"").decode()
    if not line.strip():
        raise SourceError(
            f"{path}: expected a first line that names the columns, received an empty "
            f"{'line' if path.stat().st_size else 'file'}"
        )
    return line


def _delimiter(path: Path, header: str) -> str:
    if suffix_of(path) == ".tsv":
        return "\t"
    return max(DELIMITERS, key=header.count)


def _open(
    path: Path, stream: Utf8Stream, delimiter: str, broken: deque[Broken]
) -> pacsv.CSVStreamingReader:
    def skip(row: pacsv.InvalidRow) -> str:
        reason = f"expected {row.expected_columns} fields, received {row.actual_columns}"
        broken.append(Broken(row.number or 0, reason, row.text))
        return "skip"

    try:
        reader = pacsv.open_csv(
            pa.PythonFile(stream, "r"),
            read_options=pacsv.ReadOptions(block_size=BLOCK_BYTES, use_threads=False),
            parse_options=pacsv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=skip
            ),
            convert_options=pacsv.ConvertOptions(default_column_type=pa.string()),
        )
    except pa.ArrowInvalid as error:
        raise SourceError(f"{path}: cannot be split into columns: {error}") from error
    names = reader.schema.names
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SourceError(f"{path}: expected every column once, received twice: {', '.join(twice)}")
    return reader


def _inside(broken: deque[Broken], first: int, count: int) -> tuple[Broken, ...]:
    """Take the broken rows that lie among ``count`` good rows starting at row ``first``."""
    taken: list[Broken] = []
    while broken and broken[0].row < first + count + len(taken):
        taken.append(broken.popleft())
    return tuple(taken)
