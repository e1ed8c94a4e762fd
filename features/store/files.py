"""Feature files: one Parquet part per snapshot and table, joined into one file per Feast view.

``<workspace>/features/parts/<as_of>/<table>.parquet`` are written by the pipeline, one snapshot at
a time. ``<workspace>/features/views/<table>.parquet`` joins the parts; Feast reads only these.
Every file is replaced atomically, so a killed run leaves the old or the new file, never half.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from features.store.schema import TABLES
from ingest.workspace import Workspace

_STAMP = "%Y%m%dT%H%M%SZ"


def stamp(as_of: datetime) -> str:
    """Return a folder name for an as-of time: ``20171101T000000Z``.

    Raises
    ------
    ValueError
        If the time has no zone.
    """
    return checked_time(as_of).strftime(_STAMP)


def checked_time(as_of: datetime) -> datetime:
    """Return an as-of time in UTC.

    Raises
    ------
    ValueError
        If the time has no zone or a fraction of a second.
    """
    if as_of.tzinfo is None:
        raise ValueError(f"as_of {as_of}: expected a time with a zone, e.g. 2017-11-01T00:00:00Z")
    if as_of.microsecond:
        raise ValueError(f"as_of {as_of}: expected whole seconds")
    return as_of.astimezone(UTC)


def snapshots_of(workspace: Workspace) -> list[datetime]:
    """Return the as-of times (UTC) that features were made for, ascending; [] of none."""
    parts = workspace.features / "parts"
    found = sorted(each.name for each in parts.iterdir()) if parts.is_dir() else []
    return [datetime.strptime(name, _STAMP).replace(tzinfo=UTC) for name in found]


def part_file(workspace: Workspace, table: str, as_of: datetime) -> Path:
    """Return where the part of a table for one snapshot is kept."""
    return workspace.features / "parts" / stamp(as_of) / f"{table}.parquet"


def state_file(workspace: Workspace, as_of: datetime) -> Path:
    """Return where the fingerprint of what one snapshot was made of is kept."""
    return part_file(workspace, "state", as_of).with_suffix(".txt")


def snapshot_states(workspace: Workspace, until: datetime) -> dict[str, str]:
    """Return the fingerprints of the snapshots up to ``until``, by folder name."""
    files = {stamp(at): state_file(workspace, at) for at in snapshots_of(workspace) if at <= until}
    return {name: file.read_text("utf-8") for name, file in files.items() if file.exists()}


def view_file(workspace: Workspace, table: str) -> Path:
    """Return the file a Feast view reads."""
    return workspace.features / "views" / f"{table}.parquet"


def write_atomic(rows: pa.Table, path: Path) -> None:
    """Write a Parquet file so that readers see the old file or the whole new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    pq.write_table(rows, temporary, compression="zstd", compression_level=1)
    temporary.replace(path)


def write_text(text: str, path: Path) -> None:
    """Write a small text file atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def write_part(workspace: Workspace, table: str, as_of: datetime, rows: pa.Table) -> int:
    """Keep one snapshot of a table; return its number of rows."""
    write_atomic(TABLES[table].conform(rows), part_file(workspace, table, as_of))
    return int(rows.num_rows)


def join_parts(workspace: Workspace, snapshots: Sequence[datetime]) -> dict[str, int]:
    """Join the parts of ``snapshots`` into the view files and drop parts of other snapshots.

    One row group a snapshot, so that a read as of one time skips the others.

    Returns
    -------
    dict[str, int]
        Rows by table.
    """
    counts = {}
    for name, table in TABLES.items():
        target = view_file(workspace, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.{os.getpid()}")
        counts[name] = 0
        with pq.ParquetWriter(temporary, table.schema, compression="zstd") as writer:
            for as_of in sorted(snapshots):
                rows = pq.read_table(part_file(workspace, name, as_of), schema=table.schema)
                writer.write_table(rows, row_group_size=max(rows.num_rows, 1))
                counts[name] += rows.num_rows
        temporary.replace(target)
    _drop_others(workspace, snapshots)
    return counts


def _drop_others(workspace: Workspace, snapshots: Sequence[datetime]) -> None:
    kept = {stamp(as_of) for as_of in snapshots}
    for folder in (workspace.features / "parts").iterdir():
        if folder.name not in kept:
            shutil.rmtree(folder)
