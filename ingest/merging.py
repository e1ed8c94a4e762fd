"""Rows with the same key: the latest values of a batch, what they change, how they are replaced."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import DeltaTable, write_deltalake

from ingest.keys import Hashes

FEW_KEYS = 1_000  # up to here a predicate that lists the keys beats writing the whole table again


def latest(rows: pa.Table, key: str) -> pa.Table:
    """Return one row a key: of every column the last value that is present, in order of first rows.

    Applying batches one after the other gives the same as applying their concatenation, so the
    result of a load does not depend on where batches were cut or a load was interrupted.
    """
    if pc.count_distinct(rows[key]).as_py() == rows.num_rows:
        return rows
    others = [name for name in rows.column_names if name != key]
    keep = pc.ScalarAggregateOptions(skip_nulls=True)
    folded = rows.group_by(key, use_threads=False).aggregate(
        [(name, "last", keep) for name in others]
    )
    return (
        folded.rename_columns(
            [name.removesuffix("_last") if name != key else key for name in folded.column_names]
        )
        .select(rows.column_names)
        .cast(rows.schema)
    )


def changes(rows: pa.Table, stored: pa.Table, key: str) -> tuple[pa.Table, pa.Table]:
    """Split rows into those whose key is not stored and those that change a stored row.

    Parameters
    ----------
    rows, stored : pyarrow.Table
        Same schema, keys unique in each.
    key : str
        Key column.

    Returns
    -------
    fresh : pyarrow.Table
        Rows with a new key.
    changed : pyarrow.Table
        Stored rows overlaid with the values present in ``rows``, where that changes something.
    """
    place = pc.index_in(rows[key], value_set=stored[key].combine_chunks())
    fresh = rows.filter(pc.is_null(place))
    known = rows.filter(pc.is_valid(place))
    before = stored.take(pc.drop_null(place))
    overlaid = [pc.coalesce(known[name], before[name]) for name in rows.column_names]
    same = pa.array([True] * known.num_rows, type=pa.bool_())
    for name, column in zip(rows.column_names, overlaid, strict=True):
        both = pc.fill_null(pc.equal(column, before[name]), False)
        neither = pc.and_(pc.is_null(column), pc.is_null(before[name]))
        same = pc.and_(same, pc.or_(both, neither))
    return fresh, pa.table(overlaid, schema=rows.schema).filter(pc.invert(same))


def first(keys: pa.ChunkedArray, hashes: Hashes) -> npt.NDArray[np.bool_]:
    """Mark the rows whose key has not come before in this batch."""
    ordered = np.sort(hashes)
    if (ordered[1:] != ordered[:-1]).all():
        return np.ones(len(hashes), dtype=bool)
    marks: npt.NDArray[np.bool_] = ~keys.to_pandas().duplicated().to_numpy()
    return marks


def quoted(text: str) -> str:
    """Return text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def replace(delta: DeltaTable, stored: ds.Dataset, rows: pa.Table, key: str) -> None:
    """Store rows in place of those with the same keys, in one commit.

    The table is written again when many rows change: a predicate that lists 20,000 keys costs more.
    """
    keys = rows[key].combine_chunks()
    if len(keys) <= FEW_KEYS:
        where = f"{key} IN ({','.join(quoted(value) for value in keys.to_pylist())})"
        write_deltalake(delta, rows, mode="overwrite", predicate=where)
        return
    kept = stored.scanner(filter=~pc.field(key).isin(keys)).to_batches()
    batches = itertools.chain(kept, rows.to_batches())
    reader = pa.RecordBatchReader.from_batches(rows.schema, batches)
    write_deltalake(delta, reader, mode="overwrite")
