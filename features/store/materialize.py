"""Copy one snapshot into the online store, and push newer rows on top of it."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.store.config import project_name, repo_config
from features.store.feast_api import FeatureStore
from features.store.files import checked_time, view_file
from features.store.online import (
    load_online,
    mark_materialized,
    online_file,
    unmark_materialized,
)
from features.store.schema import TABLES, TIME_COLUMN, FeatureTable
from ingest.workspace import Workspace

log = logging.getLogger(__name__)

_CHUNK = 2_000


def materialize(
    workspace: Workspace,
    as_of: datetime,
    *,
    max_items: int = 10_000,
    progress: Callable[[int], object] | None = None,
    store: FeatureStore | None = None,
) -> dict[str, int]:
    """Write the snapshot of ``as_of`` to the online store.

    Rows are upserted in chunks and each chunk is one transaction, so killing this and running it
    again ends in the same content. Entities that are not in the snapshot any more are removed from
    an embedded store at the end. Items are limited to the ``max_items`` most acted on, because
    Feast writes cell by cell.

    Parameters
    ----------
    workspace : Workspace
        Must be applied.
    as_of : datetime
        Time of a snapshot in the feature files.
    max_items : int
        Number of item rows to write.
    progress : callable, optional
        Called with the number of rows written since the last call.
    store : FeatureStore, optional
        An open store of the workspace.

    Returns
    -------
    dict[str, int]
        Rows written by table.

    Raises
    ------
    ValueError
        If no table holds a row of that time.
    """
    moment = checked_time(as_of)
    opened = store or FeatureStore(config=repo_config(workspace))
    rows = {name: snapshot_rows(workspace, name, moment, max_items) for name in TABLES}
    if not any(table.num_rows for table in rows.values()):
        raise ValueError(
            f"materialize: no feature row as of {moment.isoformat()} in "
            f"{view_file(workspace, 'customer_behavior').parent}; run python -m features first"
        )
    unmark_materialized(workspace)
    counts = {name: _write(opened, TABLES[name], table, progress) for name, table in rows.items()}
    _drop_stale(workspace, moment)
    for name in TABLES:
        opened.registry.apply_materialization(
            opened.get_feature_view(name), opened.project, moment, moment
        )
    mark_materialized(workspace, moment, counts)
    return counts


def snapshot_rows(
    workspace: Workspace, name: str, as_of: datetime, max_items: int | None = None
) -> pa.Table:
    """Return one snapshot of a table; items limited to the most acted on, most first."""
    moment = pa.scalar(as_of, TABLES[name].schema.field(TIME_COLUMN).type)
    rows = pq.read_table(view_file(workspace, name), filters=pc.field(TIME_COLUMN) == moment)
    if name != "item_facts" or max_items is None:
        return rows
    order = [("purchases", "descending"), ("text_count", "descending"), ("item_id", "ascending")]
    return rows.sort_by(order).slice(0, max_items)


def push(workspace: Workspace, table: str, rows: pd.DataFrame) -> None:
    """Write newer rows of one table to the online store, e.g. after events have arrived.

    Parameters
    ----------
    workspace : Workspace
        Must be applied.
    table : str
        One of the feature tables.
    rows : pandas.DataFrame
        Key and all feature columns; without ``event_timestamp`` the rows are as of now.

    Raises
    ------
    ValueError
        If the table is unknown or a column is missing.
    """
    if table not in TABLES:
        raise ValueError(f"push: table {table!r} is unknown; expected one of {list(TABLES)}")
    timed = rows if TIME_COLUMN in rows else rows.assign(**{TIME_COLUMN: datetime.now(UTC)})
    missing = [name for name in TABLES[table].schema.names if name not in timed]
    if missing:
        raise ValueError(f"push to {table!r}: missing columns {missing}")
    store = FeatureStore(config=repo_config(workspace))
    store.push(f"{table}_push", timed[TABLES[table].schema.names])


def _write(
    store: FeatureStore,
    table: FeatureTable,
    rows: pa.Table,
    progress: Callable[[int], object] | None,
) -> int:
    for start in range(0, rows.num_rows, _CHUNK):
        chunk = rows.slice(start, _CHUNK)
        store.write_to_online_store(table.name, df=chunk.to_pandas())
        if progress:
            progress(chunk.num_rows)
    return int(rows.num_rows)


def _drop_stale(workspace: Workspace, as_of: datetime) -> None:
    if load_online(workspace).kind != "sqlite":
        return
    with closing(sqlite3.connect(online_file(workspace))) as connection, connection:
        for name in TABLES:
            table = f"{project_name(workspace)}_{name}"
            statement = f'DELETE FROM "{table}" WHERE event_ts < ?'  # noqa: S608 - our own names
            dropped = connection.execute(statement, (_stored(as_of),)).rowcount
            if dropped:
                log.info("online store: removed %d outdated cells of %s", dropped, name)


def _stored(moment: datetime) -> object:
    """Return a time as Feast's sqlite store writes it: naive UTC through its own adapter."""
    return moment.astimezone(UTC).replace(tzinfo=None)
