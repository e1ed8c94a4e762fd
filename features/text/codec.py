"""Arrow columns to SQLite values and back, for the handful of column types that analyzers use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

FLOATS = pa.list_(pa.float32())
STRINGS = pa.list_(pa.string())


def encode_column(column: pa.ChunkedArray) -> list[Any]:
    """Return one SQLite value a row: float lists become raw float32 bytes, other lists JSON."""
    if column.type == FLOATS:
        return [row.tobytes() for row in float_rows(column)]
    if pa.types.is_list(column.type):
        return [orjson.dumps(row).decode() for row in column.to_pylist()]
    return list(column.to_pylist())


def decode_column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Return the Arrow column of type ``kind`` whose SQLite values these are."""
    if kind == FLOATS:
        offsets = np.cumsum([0, *(len(value) // 4 for value in values)], dtype=np.int32)
        flat = np.frombuffer(b"".join(values), dtype=np.float32)
        return pa.ListArray.from_arrays(pa.array(offsets), pa.array(flat))
    if pa.types.is_list(kind):
        return pa.array([orjson.loads(value) for value in values], kind)
    return pa.array(values, kind)


def float_rows(column: pa.ChunkedArray) -> list[np.ndarray]:
    """Return the float32 lists of a column as arrays, one a row."""
    return [
        chunk.values.to_numpy(zero_copy_only=False)[start:stop]
        for chunk in column.chunks
        for start, stop in zip(
            chunk.offsets.to_numpy()[:-1], chunk.offsets.to_numpy()[1:], strict=True
        )
    ]


def float_column(rows: np.ndarray) -> pa.Array:
    """Return a float32 matrix [n, width] as a column of n lists."""
    count, width = rows.shape
    offsets = np.arange(count + 1, dtype=np.int32) * np.int32(width)
    flat = np.ascontiguousarray(rows, dtype=np.float32).ravel()
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(flat))
