"""What of a workspace belongs in a backup: everything but what can be computed again.

A file nobody thought of is in it: what is left out is named, not what is taken.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, unquote

import orjson
import pyarrow.parquet as pq
from deltalake import DeltaTable

from ingest.backups.manifest import Pinned
from ingest.durable import BLOCK
from ingest.schemas import TABLES
from ingest.store import Store
from ingest.workspace import Workspace

LEFT_OUT: Mapping[str, str] = {
    "features": "python -m features",
    "recommendations": "python -m serving.batch",
    "views": "python -m insights.view",
    "tuned": "python -m training.tune",
    "checkpoints": "python -m training",
}
# Ids of question groups: decisions about needs refer to them, and only these files remember them.
REMEMBERED = ("features/text/questions.parquet", "features/text/question_groups.parquet")
_PASSING = re.compile(r".*\.(lock|draft|tmp)|.*-(wal|shm|journal)")
_LOG = re.compile(r"(\d{20})\.(json|checkpoint(\..+)?\.parquet)")
_SQLITE = b"SQLite format 3\x00"
_PATIENCE = 30  # seconds


def left_out(workspace: Workspace) -> dict[str, str]:
    """Return what this workspace holds that is not backed up, and how it comes back."""
    held = [name for name in LEFT_OUT if (workspace.root / name).exists()]
    return {name: LEFT_OUT[name] for name in held}


def beside_tables(workspace: Workspace) -> list[str]:
    """Return the paths of all files that belong in a backup and are no part of a table."""
    root = workspace.root
    skipped = {root / name for name in LEFT_OUT} | {workspace.store / name for name in TABLES}
    if workspace.state_mark.exists():  # what the server keeps takes the place of a file
        skipped |= {workspace.state_mark, workspace.state_file}
    found = []
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if Path(folder, name) not in skipped]
        found += [Path(folder, name) for name in files if not _PASSING.fullmatch(name)]
    found = [file for file in found if file not in skipped]
    found += [root / name for name in REMEMBERED]
    return sorted(file.relative_to(root).as_posix() for file in found if file.is_file())


def pinned(store: Store) -> dict[str, Pinned]:
    """Return the version and the rows of every table, all as of one moment."""
    with store.still(TABLES):
        versions = store.versions()
    return {
        table: Pinned(version, _rows(store, table, version)) for table, version in versions.items()
    }


def files_of(store: Store, table: str, version: int) -> Iterator[tuple[Path, bool]]:
    """Yield the files of one version of a table, its log last, and whether they never change."""
    folder = store.path(table)
    for uri in DeltaTable(folder, version=version).file_uris():
        yield folder / unquote(uri).rsplit("/", 1)[-1], True  # the name is drawn at random
    for file in sorted((folder / "_delta_log").iterdir()):
        named = _LOG.fullmatch(file.name)
        if named is not None and int(named.group(1)) <= version:
            yield file, False


def whole_lines(file: Path) -> int:
    """Return how many bytes of a file of JSON lines are whole: the last may be in the making."""
    with file.open("rb") as content:
        end = content.seek(0, os.SEEK_END)
        start, tail = end, b""
        while start and b"\n" not in tail:
            step = min(start, BLOCK)
            start -= step
            content.seek(start)
            tail = content.read(step) + tail
    last = tail.rpartition(b"\n")[2]
    return end - len(last) if last and not _is_json(last) else end


def is_sqlite(file: Path) -> bool:
    """Say whether a file is an SQLite database."""
    with file.open("rb") as content:
        return content.read(len(_SQLITE)) == _SQLITE


def copy_sqlite(file: Path, target: Path) -> None:
    """Copy a database others may be writing to, as of one moment (SQLite Online Backup API)."""
    uri = f"file:{quote(str(file))}?mode=rw"
    with (
        closing(sqlite3.connect(uri, uri=True, timeout=_PATIENCE)) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy)


def _rows(store: Store, table: str, version: int) -> int:
    files = [file for file, is_data in files_of(store, table, version) if is_data]
    return sum(pq.read_metadata(file).num_rows for file in files)


def _is_json(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True
