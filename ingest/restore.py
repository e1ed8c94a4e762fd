"""``python -m ingest.restore``: bring a workspace back from a backup, or check a backup."""

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
    from ingest.backups.bring_back import Restored


@verb("restore")
def main(config: DictConfig) -> None:
    """List backups, check one, or bring one back."""
    prepare()
    try:
        run(config)
    except (OSError, ValueError) as error:
        sys.exit(f"ingest.restore: {error}")


def run(config: DictConfig) -> None:
    """Carry out one call."""
    from ingest.backups import bring_back  # noqa: PLC0415 (--help need not wait for Delta)

    if not config["from"]:
        raise ValueError("from: expected a folder of backups, received none; give from=FOLDER")
    folder, progress = Path(config["from"]), bool(config.progress)
    if config["list"]:
        _list(folder)
        return
    manifest = bring_back.chosen(folder, config.backup)
    if config.check:
        done = bring_back.check(folder, manifest, progress=progress)
        _say(f"{manifest.name}: all {len(manifest.files):,} files are as they were backed up")
        _show(done, "in the backup")
        return
    workspace = Workspace.named(config.workspace, config.data_dir, config.state.url)
    done = bring_back.restore(folder, manifest, workspace, progress=progress)
    _say(f"{manifest.name} is now workspace {workspace.name!r} at {workspace.root}")
    _show(done, "now")
    for table, rows in done.state.items():
        _say(f"    state: {table:<20}{rows:>14,} rows on the server")
    for name, again in manifest.left_out.items():
        _say(f"was left out: {name}; {again} workspace={workspace.name} makes it again")


def _list(folder: Path) -> None:
    from ingest.backups.manifest import found, read  # noqa: PLC0415

    files = found(folder)
    for file in files:
        made = read(file)
        rows = sum(pinned.rows for pinned in made.tables.values())
        _say(f"{made.name}  {made.made_at:%Y-%m-%d %H:%M} UTC  {rows:,} rows  {made.bytes:,} bytes")
    _say(f"{len(files):,} backups in {folder}")


def _show(done: Restored, when: str) -> None:
    _say(f"    {'rows':<12}{'backed up':>14}{when:>14}")
    for table, pinned in done.manifest.tables.items():
        _say(f"    {table:<12}{pinned.rows:>14,}{done.rows[table]:>14,}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.argv[1:] = quoted_words(sys.argv[1:])
    main()
