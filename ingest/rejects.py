"""Rows that broke a contract: kept as JSON Lines, a file a table, each row once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from filelock import FileLock

from ingest.sources.base import Times


@dataclass(frozen=True)
class Rejected:
    """One row that was not loaded.

    Attributes
    ----------
    table, source, file : str
        Where it should have gone and where it comes from.
    row : int
        Its number in the file, counted from 1 at the first line.
    reason : str
        What was expected and what was received.
    content : dict or str
        The values under canonical column names, or the raw line if it could not be split. Correct
        it here to load the row again.
    times : Times
        How its times are to be read.
    derived_key : bool
        Whether the source derives the key from the content, so that it is not part of it.
    """

    table: str
    source: str
    file: str
    row: int
    reason: str
    content: dict[str, Any] | str
    times: Times = field(default_factory=Times)
    derived_key: bool = False

    @property
    def id(self) -> str:
        """Identifier of the row: the same bad row of the same file has the same one."""
        content = self.content
        text = content.encode() if isinstance(content, str) else _json(content)
        where = f"{self.table}\x1f{self.file}\x1f{self.row}\x1f".encode()
        return hashlib.blake2b(where + text, digest_size=12).hexdigest()


class Rejects:
    """The rejected rows of one workspace.

    Parameters
    ----------
    root : pathlib.Path
        Folder of the files, usually ``Workspace.named(...).rejected``.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        self._ids: dict[str, set[str]] = {}

    def path(self, table: str) -> Path:
        """File with the rejected rows of a table."""
        return self.root / f"{table}.jsonl"

    def keep(self, rows: Iterable[Rejected]) -> None:
        """Append rows; those that are kept already are not kept twice."""
        by_table: dict[str, dict[str, Rejected]] = {}
        for row in rows:
            by_table.setdefault(row.table, {})[row.id] = row
        for table, wanted in by_table.items():
            self.root.mkdir(parents=True, exist_ok=True)
            with self._lock():
                known = self._known(table)
                fresh = {name: row for name, row in wanted.items() if name not in known}
                _append(self.path(table), fresh)
                known.update(fresh)

    def read(self, path: Path | None = None) -> Iterator[tuple[str, Rejected]]:
        """Yield rejected rows with their identifiers, from one file or all of them.

        Raises
        ------
        ValueError
            If a line of the file given is not a rejected row.
        """
        for file in sorted(self.root.glob("*.jsonl")) if path is None else [path]:
            yield from _records(file, strict=path is not None)

    def remove(self, ids: set[str]) -> None:
        """Forget these rows, which are loaded now. Files are replaced atomically."""
        for file in sorted(self.root.glob("*.jsonl")):
            with self._lock():
                with file.open("rb") as lines:
                    kept = [line for line in lines if (_parse(line) or ("",))[0] not in ids]
                fresh = file.with_suffix(".tmp")
                fresh.write_bytes(b"".join(kept))
                fresh.replace(file)
                self._ids.clear()

    def _known(self, table: str) -> set[str]:
        if table not in self._ids:
            path = self.path(table)
            self._ids[table] = {name for name, _ in _records(path)} if path.exists() else set()
        return self._ids[table]

    def _lock(self) -> FileLock:
        return FileLock(self.root / ".lock")


def _records(file: Path, *, strict: bool = False) -> Iterator[tuple[str, Rejected]]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            record = _parse(line)
            if record is not None:
                yield record
            elif strict and line.strip():
                raise ValueError(
                    f"{file}, line {number}: expected a rejected row as JSON (id, table, source, "
                    f"file, row, content), received {line[:80]!r}"
                )


def _append(path: Path, rows: dict[str, Rejected]) -> None:
    if not rows:
        return
    with path.open("ab") as out:
        if out.tell():
            with path.open("rb") as tail:
                tail.seek(-1, os.SEEK_END)
                if tail.read(1) != b"\n":  # a load was killed while it wrote here
                    out.write(b"\n")
        out.writelines(_dump(name, row) for name, row in rows.items())


def _dump(name: str, row: Rejected) -> bytes:
    record: dict[str, Any] = {
        "id": name,
        "table": row.table,
        "source": row.source,
        "file": row.file,
        "row": row.row,
        "reason": row.reason,
        "content": row.content,
    }
    if row.times != Times():
        record["times"] = {"zone": row.times.zone, "formats": list(row.times.formats)}
    if row.derived_key:
        record["derived_key"] = True
    return _json(record) + b"\n"


def _json(value: object) -> bytes:
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS)


def _parse(line: bytes) -> tuple[str, Rejected] | None:
    try:
        record = orjson.loads(line)
        times = record.pop("times", {})
        name = str(record.pop("id"))
        made = Times(times.get("zone", "UTC"), tuple(times.get("formats", ())))
        return name, Rejected(**record, times=made)
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return None
