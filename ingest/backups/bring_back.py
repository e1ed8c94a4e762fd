"""Bringing a workspace back from a backup: every byte checked, all of it at once or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree

from filelock import FileLock
from tqdm import tqdm

from ingest.backups.manifest import Manifest, found, read
from ingest.backups.objects import Objects
from ingest.durable import sync_folder
from ingest.schemas import TABLES
from ingest.state.moving import brought
from ingest.store import Store
from ingest.workspace import Workspace


@dataclass(frozen=True)
class Restored:
    """A backup that was brought back, or checked.

    Attributes
    ----------
    manifest : Manifest
        What was backed up.
    rows : mapping of str to int
        Rows of each table as read now; those of the manifest where it was only checked.
    state : mapping of str to int
        Rows of application state by table that were brought to a server and counted there.
    """

    manifest: Manifest
    rows: Mapping[str, int]
    state: Mapping[str, int] = field(default_factory=dict)


def chosen(folder: Path, name: str | None = None) -> Manifest:
    """Return one backup of a folder, the newest by default.

    Raises
    ------
    ValueError
        If there is none, none of this name, or the folder holds those of several workspaces.
    """
    files = found(folder)
    if not files:
        raise ValueError(
            f"from={folder}: expected a folder with a finished backup, found none; "
            "one that was interrupted does not count"
        )
    if name is not None:
        named = [file for file in files if file.stem == name]
        if not named:
            raise ValueError(f"backup={name}: expected one of {', '.join(f.stem for f in files)}")
        return read(named[0])
    whose = {file.stem.rpartition("-")[0] for file in files}
    if len(whose) > 1:
        raise ValueError(
            f"from={folder}: holds backups of {', '.join(sorted(whose))}; choose with backup=, "
            f"one of {', '.join(file.stem for file in files)}"
        )
    return read(files[-1])


def check(folder: Path, manifest: Manifest, *, progress: bool = True) -> Restored:
    """Read a whole backup and compare every digest; nothing is written.

    Raises
    ------
    ValueError
        If something is missing or damaged.
    """
    objects = Objects(folder)
    with _bar("check", manifest, progress=progress) as bar:
        for kept in manifest.files:
            objects.fetch(kept, None, bar.update)
    return Restored(manifest, {table: each.rows for table, each in manifest.tables.items()})


def restore(
    folder: Path, manifest: Manifest, workspace: Workspace, *, progress: bool = True
) -> Restored:
    """Bring a workspace back under a name that is free.

    Files are checked while they are copied into a folder that no verb takes for a workspace; it
    gets its name when all of them are right and every table has the rows it had.

    Parameters
    ----------
    folder : Path
        Of the backups.
    manifest : Manifest
        Which of them.
    workspace : Workspace
        Where to; its folder must not exist, or be empty. Application state goes to its server if it
        has one, into a schema of its own, and into a file otherwise.
    progress : bool
        Whether to show a progress bar on standard error.

    Raises
    ------
    ValueError
        If the workspace is taken, or the backup is damaged.
    ConnectionError
        If the server of application state does not answer.
    """
    root = workspace.root
    root.parent.mkdir(parents=True, exist_ok=True)
    draft = root.with_name(f".{root.name}.restoring")
    with FileLock(f"{draft}.lock"):
        _refuse_if_taken(workspace)
        rmtree(draft, ignore_errors=True)  # of a restore that was interrupted
        try:
            _copy(folder, manifest, draft, progress=progress)
            rows = _rows(Store(Workspace(draft).store), manifest)
            with _state(workspace, Workspace(draft)) as state:
                draft.rename(root)
        finally:
            rmtree(draft, ignore_errors=True)
        sync_folder(root.parent)
    return Restored(manifest, rows, state)


def _refuse_if_taken(workspace: Workspace) -> None:
    root = workspace.root
    if not root.exists() or not any(root.iterdir()):
        return
    store = Store(workspace.store)
    rows = sum(store.dataset(table).count_rows() for table in TABLES)
    raise ValueError(
        f"workspace {workspace.name!r} holds {rows:,} rows at {root} and is left alone: restore "
        f"under another name, such as workspace={workspace.name}-restored, or move that folder away"
    )


@contextmanager
def _state(workspace: Workspace, draft: Workspace) -> Iterator[Mapping[str, int]]:
    """Bring state to the server of the workspace, if it has one; take it away after an error."""
    if workspace.state is None or not draft.state_file.exists():
        yield {}
        return
    with brought(workspace, draft) as rows:
        draft.state_file.unlink()
        yield rows


def _copy(folder: Path, manifest: Manifest, draft: Path, *, progress: bool) -> None:
    objects, folders = Objects(folder), {draft}
    with _bar("restore", manifest, progress=progress) as bar:
        for kept in manifest.files:
            target = draft / kept.path
            target.parent.mkdir(parents=True, exist_ok=True)
            objects.fetch(kept, target, bar.update)
            folders |= {draft / parent for parent in Path(kept.path).parents}
    for each in folders:
        sync_folder(each)


def _rows(store: Store, manifest: Manifest) -> dict[str, int]:
    rows = {table: int(store.dataset(table).count_rows()) for table in manifest.tables}
    for table, pinned in manifest.tables.items():
        if (rows[table], store.version(table)) != (pinned.rows, pinned.version):
            raise ValueError(
                f"table {table!r}: expected {pinned.rows:,} rows of version {pinned.version}, "
                f"found {rows[table]:,} of version {store.version(table)}; nothing was restored"
            )
    return rows


def _bar(what: str, manifest: Manifest, *, progress: bool) -> tqdm:  # type: ignore[type-arg]
    return tqdm(desc=what, total=manifest.bytes, unit="B", unit_scale=True, disable=not progress)
