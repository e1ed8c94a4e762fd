"""Feature columns as pandas columns, the same whether they were read offline or online."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.store.schema import NUMBER, NUMBERS, TEXT, VECTOR_LENGTH

FloatArray = npt.NDArray[np.float32]


def convert(value: Any, kind: pa.DataType) -> Any:
    """Return one value in the reader's form: float, str, float32 array, list of str, or missing.

    A missing number is NaN; everything else that is missing is None.
    """
    if kind == NUMBER:
        return float("nan") if value is None else float(value)
    if value is None or kind == TEXT:
        return value
    return np.asarray(value, dtype=np.float32) if kind == NUMBERS else list(value)


def frame(
    key: str,
    ids: Sequence[str],
    columns: Mapping[str, Sequence[Any]],
    kinds: Mapping[str, pa.DataType],
) -> pd.DataFrame:
    """Build the reader's frame: index ``key``, numbers float32, the rest objects.

    Parameters
    ----------
    key : str
        Name of the index.
    ids : Sequence[str]
        One id a row.
    columns : Mapping[str, Sequence]
        Plain Python values by column.
    kinds : Mapping[str, pyarrow.DataType]
        Type of each column; its order is the order of the frame.
    """
    data: dict[str, Any] = {}
    for name, kind in kinds.items():
        values = columns[name]
        if kind == NUMBER:
            data[name] = np.array([np.nan if v is None else v for v in values], dtype=np.float32)
        else:
            data[name] = _objects([convert(value, kind) for value in values])
    return pd.DataFrame(data, index=_index(key, ids))


def arrow_frame(key: str, rows: pa.Table, kinds: Mapping[str, pa.DataType]) -> pd.DataFrame:
    """Build the reader's frame from an Arrow table without a Python object per number."""
    data: dict[str, Any] = {}
    for name, kind in kinds.items():
        column = rows[name].combine_chunks()
        if kind == NUMBER:
            data[name] = np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float32)
        elif kind == NUMBERS:
            data[name] = _objects(_split(column))
        else:
            data[name] = _objects(column.to_pylist())
    return pd.DataFrame(data, index=_index(key, rows[key].to_pylist()))


def stack(column: Iterable[Any], width: int = VECTOR_LENGTH) -> FloatArray:
    """Return a vector column as a matrix; missing vectors become rows of zeros.

    Parameters
    ----------
    column : Iterable
        Arrays of ``width`` float32, or None / NaN where missing.
    width : int
        Length of a vector.

    Returns
    -------
    numpy.ndarray
        float32 ``[n, width]``.

    Raises
    ------
    ValueError
        If a vector has another length.
    """
    zeros = np.zeros(width, dtype=np.float32)
    rows = [value if isinstance(value, np.ndarray) else zeros for value in column]
    for row in rows:
        if row.shape != (width,):
            raise ValueError(f"vector column: expected length {width}, received shape {row.shape}")
    return np.stack(rows).astype(np.float32) if rows else np.empty((0, width), dtype=np.float32)


def vectors(matrix: FloatArray, present: npt.NDArray[np.bool_]) -> pa.Array:
    """Return a float32 matrix as a list column; rows that are not present become null.

    Parameters
    ----------
    matrix : numpy.ndarray
        float32 ``[n, width]``.
    present : numpy.ndarray
        bool ``[n]``.
    """
    count, width = matrix.shape
    # A null's offset repeats the next one, so the values of absent rows must not be written.
    lengths = np.where(present, width, 0)
    ends = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
    offsets = pa.array(ends, mask=np.concatenate((~present, [False])))
    values = pa.array(np.ascontiguousarray(matrix[present], dtype=np.float32).ravel())
    return pa.ListArray.from_arrays(offsets, values) if count else pa.array([], NUMBERS)


def _index(key: str, ids: Sequence[str]) -> pd.Index[str]:
    return pd.Index(pd.Series(list(ids), dtype=object), name=key)


def _split(column: pa.ListArray) -> list[FloatArray | None]:
    flat = np.asarray(pc.list_flatten(column).to_numpy(zero_copy_only=False), dtype=np.float32)
    lengths = pc.list_value_length(column).fill_null(0).to_numpy(zero_copy_only=False)
    ends = np.cumsum(lengths)
    valid = column.is_valid().to_numpy(zero_copy_only=False)
    spans = zip(ends - lengths, ends, valid, strict=True)
    return [flat[start:end] if ok else None for start, end, ok in spans]


def _objects(values: Sequence[Any]) -> npt.NDArray[np.object_]:
    column = np.empty(len(values), dtype=object)
    for position, value in enumerate(values):
        column[position] = value
    return column
