"""Loading corrected rows: those that meet their contract now leave the rejected files."""

from __future__ import annotations

import time
from itertools import groupby
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from ingest.checking import Checked, Checker
from ingest.identity import KeyMaker
from ingest.rejects import Rejected, Rejects
from ingest.report import Counts, LoadReport
from ingest.schemas import canonical
from ingest.sources.base import RawBatch, Times
from ingest.store import Store

Group = tuple[str, str, Times, bool]


def reload_rejected(store: Store, rejected_dir: Path, path: Path | None = None) -> LoadReport:
    """Load rejected rows again.

    Parameters
    ----------
    store : Store
        Where rows go.
    rejected_dir : pathlib.Path
        Folder of the rejected rows. Rows that pass now are removed from it.
    path : pathlib.Path, optional
        A corrected copy of a rejected file: ``content`` changed, ``id`` left alone. By default all
        rejected rows are tried as they stand there, corrected in place or after a contract changed.

    Returns
    -------
    LoadReport
        Rows that fail still are counted as rejected, with their reasons among the notes.
    """
    start = time.perf_counter()
    rejects = Rejects(rejected_dir)
    records = sorted(rejects.read(path), key=lambda record: str(_group(record[1])))
    counts: dict[str, Counts] = {}
    notes: list[str] = []
    for group, members in groupby(records, key=lambda record: _group(record[1])):
        names, rows = zip(*members, strict=True)
        checked = _check(group, rows)
        added = store.add(group[0], checked.rows)
        rejects.remove(
            {name for name, good in zip(names, checked.good.to_pylist(), strict=True) if good}
        )
        notes += [
            f"{rows[lost.row].file}, row {rows[lost.row].row}: {lost.reason}"
            for lost in checked.rejected
        ]
        done = Counts(len(rows), added.accepted, added.duplicate, len(checked.rejected))
        counts[group[0]] = counts.get(group[0], Counts()) + done
    return LoadReport(
        source="rejected rows",
        tables=counts,
        seconds=round(time.perf_counter() - start, 3),
        notes=tuple(notes),
        versions=store.versions(),
        rejected_dir=str(rejects.root),
    )


def _group(row: Rejected) -> Group:
    return row.table, row.source, row.times, row.derived_key


def _check(group: Group, rows: tuple[Rejected, ...]) -> Checked:
    table, source, times, derived = group
    spec = canonical(table)
    contents: list[dict[str, Any]] = [
        row.content if isinstance(row.content, dict) else {} for row in rows
    ]
    known = [name for name in spec.schema.names if any(name in content for content in contents)]
    columns = {name: _texts([content.get(name) for content in contents]) for name in known}
    batch = pa.table(columns) if columns else pa.table({spec.key: pa.nulls(len(rows), pa.string())})
    if derived:
        batch = KeyMaker().add(batch.drop_columns(set(known) & {spec.key}), spec.key)
    return Checker(source).check(
        RawBatch(table, batch, "rejected", first_row=0, times=times, derived_key=derived)
    )


def _texts(values: list[object]) -> pa.Array:
    return pa.array([_text(value) for value in values], type=pa.string())


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return orjson.dumps(value, default=str).decode()
