"""``python -m ingest.state``: where a workspace keeps its application state, and moving it."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from omegaconf import DictConfig

from ingest.runtime import prepare
from ingest.verb import verb
from ingest.workspace import Workspace


@verb("state")
def main(config: DictConfig) -> None:
    """Show where state is kept, or bring it elsewhere."""
    prepare()
    try:
        run(config)
    except (OSError, ValueError) as error:
        sys.exit(f"ingest.state: {error}")


def run(config: DictConfig) -> None:
    """Carry out one call."""
    from ingest.state import moving

    moves = {"server": moving.to_server, "file": moving.to_file}
    workspace = Workspace.named(config.workspace, config.data_dir, config.state.url)
    if config.move is None:
        _show(workspace)
    elif config.move in moves:
        _rows(moves[config.move](workspace))
        _say("moved")
    else:
        raise ValueError(f"move={config.move}: expected one of {', '.join(moves)}")


def _show(workspace: Workspace) -> None:
    from sqlalchemy import MetaData

    from ingest.state.copying import counted
    from ingest.state.database import StateDatabase
    from ingest.state.place import mark_of
    from ingest.state.url import shown

    schema, mark = StateDatabase(workspace, MetaData()).schema, mark_of(workspace)
    if mark is not None:
        where = f"schema {mark.schema} of {mark.server}"
    elif workspace.state is not None:
        where = f"nothing is kept yet; it will be at {shown(workspace.state)}"
    else:
        where = f"file {workspace.state_file}"
    _say(f"{workspace.name}: {where}")
    _rows(counted(workspace, schema))


def _rows(rows: Mapping[str, int]) -> None:
    for table, count in rows.items():
        _say(f"    {table:<20}{count:>14,} rows")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
