"""``python -m ingest.archive``: move old months out of the tables, and put them back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from ingest.configuration import quoted_words
from ingest.runtime import prepare
from ingest.verb import verb
from ingest.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.archives.move import Moved
    from ingest.store import Store


@verb("archive")
def main(config: DictConfig) -> None:
    """Archive, put back, vacuum, or list what is archived."""
    prepare()
    try:
        run(config)
    except (OSError, ValueError) as error:
        sys.exit(f"ingest.archive: {error}")


def run(config: DictConfig) -> None:
    """Carry out one call."""
    from ingest.store import Store  # noqa: PLC0415 (--help need not wait for Delta)

    if config.before and config.put_back:
        raise ValueError("before= and put_back=: expected one of them, received both")
    workspace = Workspace.named(config.workspace, config.data_dir)
    store = Store(workspace.store)
    if not store.versions():
        raise ValueError(f"workspace {workspace.name!r} has no tables at {workspace.store}")
    if config.before:
        _archive(config, workspace, store)
    elif config.put_back:
        _put_back(config, store)
    elif not config.vacuum:
        _list(store)
    if not config.dry_run and (config.vacuum or config.before):
        _unused(store, remove=bool(config.vacuum))


def _archive(config: DictConfig, workspace: Workspace, store: Store) -> None:
    from ingest.archives import catalog, move  # noqa: PLC0415
    from ingest.archives.months import Month  # noqa: PLC0415

    before, zone = Month.read(config.before), str(config.zone)
    if config.dry_run:
        _show(move.due(store, before, zone), "would be archived")
        return
    if not config.to:
        raise ValueError("to: expected a folder for the archive, received none; give to=FOLDER")
    with catalog.held(Path(config.to)):
        there = catalog.opened(Path(config.to), workspace.name, zone)
        moved = move.archive(store, there, before, progress=bool(config.progress))
    _show(moved, "archived")


def _put_back(config: DictConfig, store: Store) -> None:
    from ingest.archives import catalog, move  # noqa: PLC0415
    from ingest.archives.months import Month  # noqa: PLC0415

    if not config["from"]:
        raise ValueError(
            "from: expected the folder of the archive, received none; give from=FOLDER"
        )
    with catalog.held(Path(config["from"])):
        there = catalog.read(Path(config["from"]))
        months = {part.month for part in there.parts}
        wanted = months if config.put_back == "all" else {str(Month.read(config.put_back))}
        if not wanted & months:
            told = ", ".join(sorted(months)) or "none"
            raise ValueError(f"put_back={config.put_back}: the archive holds {told}")
        parts = [part for part in there.parts if part.month in wanted]
        moved = move.put_back(store, there, parts, progress=bool(config.progress))
    _show(moved, "put back")


def _list(store: Store) -> None:
    from ingest.archived import ArchivedKeys  # noqa: PLC0415
    from ingest.archives.move import ARCHIVED, Moved  # noqa: PLC0415

    months = [
        Moved(table, month, rows, rows)
        for table in ARCHIVED
        for month, rows in ArchivedKeys(store.root, table).months().items()
    ]
    _show(months, "archived so far")


def _unused(store: Store, *, remove: bool) -> None:
    from ingest.archives.move import unused  # noqa: PLC0415

    size = unused(store, remove=remove)
    if remove:
        _say(
            f"{size / 1e6:,.1f} MB removed; earlier versions of the tables cannot be read any more"
        )
    elif size:
        _say(
            f"{size / 1e6:,.1f} MB of files remain for earlier versions, with the rows archived now"
        )
        _say(
            f"python -m ingest.archive workspace={store.root.parent.name} vacuum=true removes them"
        )


def _show(moved: Sequence[Moved], what: str) -> None:
    for each in moved:
        _say(f"    {each.table:<12}{each.month}{each.rows:>14,} rows")
    _say(f"{sum(each.rows for each in moved):,} rows {what}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.argv[1:] = quoted_words(sys.argv[1:])
    main()
