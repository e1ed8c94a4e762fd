"""A few customers' rows of a large table.

DuckDB decodes the other columns of a Parquet file only where the filter on one of them holds, which
is several times as quick here as reading all columns and filtering then.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
from pyarrow.dataset import FileSystemDataset

from ingest.duck import session
from ingest.schemas import canonical
from ingest.store import Store


def rows_of(store: Store, table: str, customers: Sequence[str]) -> pa.Table:
    """Return all columns of the rows of some customers, as ``Store.read`` with a filter does.

    Parameters
    ----------
    store : Store
        Canonical tables.
    table : str
        Name of a canonical table that has a column customer_id.
    customers : sequence of str
        At least one id.
    """
    schema, dataset = canonical(table).schema, store.dataset(table)
    if not isinstance(dataset, FileSystemDataset) or not dataset.files:
        return schema.empty_table()
    files = [str(store.path(table) / name) for name in dataset.files]
    places = ", ".join("?" * len(customers))
    query = f"SELECT * FROM read_parquet(?) WHERE customer_id IN ({places})"  # noqa: S608
    with session() as database:
        found = database.execute(query, [files, *customers]).to_arrow_table()
    return found.select(schema.names).cast(schema)
