"""Taking a backup while others write: tables as of one moment, each file copied and hashed once."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from filelock import FileLock
from sqlalchemy import MetaData
from tqdm import tqdm

from ingest.backups import contents
from ingest.backups.manifest import Kept, Manifest, Pinned, found, read
from ingest.backups.objects import Objects
from ingest.state.copying import dump
from ingest.state.database import StateDatabase
from ingest.store import Store
from ingest.workspace import Workspace

_TRIES = 3


@dataclass(frozen=True)
class Taken:
    """A backup that was taken.

    Attributes
    ----------
    manifest : Manifest
        What it holds.
    fresh_files, fresh_bytes : int
        What had to be copied, because no earlier backup in the folder held it.
    dropped : tuple of str
        Names of older backups that were removed.
    """

    manifest: Manifest
    fresh_files: int
    fresh_bytes: int
    dropped: tuple[str, ...]


def backup(
    workspace: Workspace,
    folder: Path,
    now: datetime,
    *,
    keep: int | None = None,
    progress: bool = True,
) -> Taken:
    """Copy a workspace; the manifest is written last, so an interrupted backup is none.

    Parameters
    ----------
    workspace : Workspace
        Whose data. Others may read and write it meanwhile.
    folder : Path
        Where backups are kept; of what an earlier one there holds nothing is copied again.
    now : datetime
        The time of the backup, which names it.
    keep : int, optional
        How many backups of the workspace remain in the folder; all by default.
    progress : bool
        Whether to show a progress bar on standard error.

    Raises
    ------
    ValueError
        If the workspace has no data, or the folder lies inside it.
    """
    folder = Path(folder).resolve()
    if folder.is_relative_to(workspace.root):
        raise ValueError(f"to={folder}: expected a folder outside {workspace.root}")
    if keep is not None and keep < 1:
        raise ValueError(f"keep={keep}: expected 1 or more, the backup taken now among them")
    store = Store(workspace.store)
    if not store.versions():
        raise ValueError(f"workspace {workspace.name!r} has no tables at {workspace.store}")
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"):
        taking = _Taking(workspace, store, folder, progress=progress)
        manifest = taking.run(now)
        dropped = _drop(folder, workspace.name, keep)
        _sweep(folder, taking.objects)
    return Taken(manifest, taking.fresh_files, taking.fresh_bytes, dropped)


class _Taking:
    """One backup in progress."""

    def __init__(self, workspace: Workspace, store: Store, folder: Path, *, progress: bool) -> None:
        self.objects = Objects(folder)
        self.fresh_files = self.fresh_bytes = 0
        self._workspace, self._store, self._folder = workspace, store, folder
        self._known = _known(folder, workspace.name)
        self._bar = tqdm(desc="backup", unit="B", unit_scale=True, disable=not progress)

    def run(self, now: datetime) -> Manifest:
        """Copy everything and write the manifest.

        How far sources were read is copied before the tables: it may lag behind them, since what
        is read again is known again, but must never be ahead of them.
        """
        with self._bar:
            paths = contents.beside_tables(self._workspace)
            beside = [kept for path in paths for kept in self._beside(path)]
            beside += self._state()
            tables, files = self._tables()
        told = contents.left_out(self._workspace)
        manifest = Manifest(self._workspace.name, now, tables, (*beside, *files), told)
        manifest.write(self._folder)
        return manifest

    def _tables(self) -> tuple[dict[str, Pinned], list[Kept]]:
        for tries in range(1, _TRIES + 1):
            try:
                pinned = contents.pinned(self._store)
                return pinned, [
                    self._in_table(file, fixed=fixed)
                    for table in pinned
                    for file, fixed in contents.files_of(self._store, table, pinned[table].version)
                ]
            except (
                FileNotFoundError
            ) as error:  # somebody was erased, files of that version vacuumed
                if tries == _TRIES:
                    raise ValueError(
                        f"{error.filename}: removed while it was to be copied, {_TRIES} times; "
                        "take the backup when nobody vacuums the tables"
                    ) from error
        raise AssertionError("unreachable")

    def _in_table(self, file: Path, *, fixed: bool) -> Kept:
        path = file.relative_to(self._workspace.root).as_posix()
        known = self._known.get(path)
        if fixed and known is not None and self._same(known, file):
            self._bar.update(known.bytes)
            return known
        return self._copied(file, path)

    def _same(self, known: Kept, file: Path) -> bool:
        return known.bytes == file.stat().st_size and self.objects.holds(known)

    def _beside(self, path: str) -> list[Kept]:
        file = self._workspace.root / path
        try:
            if contents.is_sqlite(file):
                with TemporaryDirectory(dir=self._folder, prefix=".sqlite-") as aside:
                    copy = Path(aside) / "copy"
                    contents.copy_sqlite(file, copy)
                    return [self._copied(copy, path)]
            size = contents.whole_lines(file) if file.suffix == ".jsonl" else None
            return [self._copied(file, path, size)]
        except FileNotFoundError:  # removed since it was listed
            return []

    def _state(self) -> list[Kept]:
        """Keep what a server holds of the workspace as the file that would hold it without one."""
        schema = StateDatabase(self._workspace, MetaData()).schema
        if schema is None:
            return []
        path = self._workspace.state_file.relative_to(self._workspace.root).as_posix()
        with TemporaryDirectory(dir=self._folder, prefix=".state-") as aside:
            copy = Path(aside) / "copy"
            dump(schema, copy)
            return [self._copied(copy, path)]

    def _copied(self, file: Path, path: str, size: int | None = None) -> Kept:
        kept, fresh = self.objects.keep(file, path, size)
        self.fresh_files += fresh
        self.fresh_bytes += kept.bytes if fresh else 0
        self._bar.update(kept.bytes)
        return kept


def _known(folder: Path, workspace: str) -> dict[str, Kept]:
    """Return the files of the newest backup of a workspace, by path."""
    for file in reversed([file for file in found(folder) if _whose(file) == workspace]):
        with suppress(ValueError):  # damaged: everything is copied then
            return {kept.path: kept for kept in read(file).files}
    return {}


def _sweep(folder: Path, objects: Objects) -> None:
    with suppress(ValueError):  # a damaged manifest may hold anything: nothing is removed
        objects.sweep({kept.sha256 for file in found(folder) for kept in read(file).files})


def _drop(folder: Path, workspace: str, keep: int | None) -> tuple[str, ...]:
    mine = [file for file in found(folder) if _whose(file) == workspace]
    gone = mine[:-keep] if keep is not None else []
    for file in gone:
        file.unlink()
    return tuple(file.stem for file in gone)


def _whose(file: Path) -> str:
    return file.stem.rpartition("-")[0]
