"""Parquet files, read a bounded number of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.sources.base import SourceError
from ingest.sources.readers.base import Part

PART_ROWS = 125_000


def read_parquet(path: Path) -> Iterator[Part]:
    """Yield the rows of a Parquet file with the types they have there.

    Raises
    ------
    SourceError
        If the file is not Parquet or damaged: then after the rows before the damage.
    """
    first = 1
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=PART_ROWS):
                yield Part(pa.Table.from_batches([batch]), first)
                first += batch.num_rows
    except (pa.ArrowInvalid, OSError) as error:
        raise SourceError(
            f"{path}, after row {first - 1}: expected a Parquet file, received something that "
            f"cannot be read as one: {error}"
        ) from error
