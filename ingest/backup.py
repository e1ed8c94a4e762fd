"""``python -m ingest.backup``: copy a workspace while it is used, and say what the copy holds."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from ingest.configuration import quoted_words
from ingest.runtime import prepare
from ingest.verb import verb
from ingest.workspace import Workspace

if TYPE_CHECKING:
    from ingest.backups.take import Taken


@verb("backup")
def main(config: DictConfig) -> None:
    """Take one backup."""
    prepare()
    try:
        run(config)
    except (OSError, ValueError) as error:
        sys.exit(f"ingest.backup: {error}")


def run(config: DictConfig) -> None:
    """Carry out one call."""
    from ingest.backups.take import backup  # noqa: PLC0415 (--help need not wait for Delta)

    if not config.to:
        raise ValueError("to: expected a folder for backups, received none; give to=FOLDER")
    workspace = Workspace.named(config.workspace, config.data_dir, config.state.url)
    keep = None if config.keep is None else int(config.keep)
    taken = backup(
        workspace, Path(config.to), datetime.now(UTC), keep=keep, progress=bool(config.progress)
    )
    _show(taken)


def _show(taken: Taken) -> None:
    made = taken.manifest
    _say(f"{made.name}: {len(made.files):,} files, {made.bytes / 1e6:,.1f} MB")
    for table, pinned in made.tables.items():
        _say(f"    {table:<12}{pinned.rows:>14,} rows  version {pinned.version}")
    fresh, size = taken.fresh_files, taken.fresh_bytes / 1e6
    _say(f"{fresh:,} of the files copied, {size:,.1f} MB; earlier backups hold the others")
    for name, again in made.left_out.items():
        _say(f"left out: {name} ({again} makes it again)")
    for name in taken.dropped:
        _say(f"removed: {name}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.argv[1:] = quoted_words(sys.argv[1:])
    main()
