"""Application state brought from the file of a workspace to a server, and back.

Stop what writes alerts meanwhile: a call that has chosen its place before may write to the old one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock
from sqlalchemy import MetaData

from ingest.durable import settle
from ingest.state.copying import dump, load
from ingest.state.database import StateDatabase
from ingest.state.dialects import PostgresSchema
from ingest.state.place import mark_of, new_mark, write_mark
from ingest.state.url import STATE
from ingest.workspace import Workspace


def to_server(workspace: Workspace) -> dict[str, int]:
    """Bring the state of a workspace to the server of its URL; return rows by table.

    Raises
    ------
    ValueError
        If there is no URL, no state in a file, or a server keeps it already.
    """
    with FileLock(f"{workspace.state_mark}.lock"), brought(workspace, workspace) as rows:
        workspace.state_file.unlink()
    return rows


@contextmanager
def brought(workspace: Workspace, held: Workspace) -> Iterator[dict[str, int]]:
    """Copy the file of a folder to the server of a workspace, whose folder it is or will be.

    The mark counts from then on, and the file is the caller's to remove. An error within takes mark
    and schema away again.

    Parameters
    ----------
    workspace : Workspace
        Whose state it is, with its URL.
    held : Workspace
        The folder that has the file now.
    """
    if workspace.state is None:
        raise ValueError(f"move=server: expected state.url= or {STATE}, received neither")
    if (known := mark_of(held)) is not None:
        raise ValueError(f"move=server: schema {known.schema!r} of {known.server} keeps the state")
    if not held.state_file.exists():
        raise ValueError(f"move=server: expected state at {held.state_file}, found none")
    mark = new_mark(workspace, workspace.state)
    schema = PostgresSchema(workspace.state, mark.schema, MetaData())
    rows = load(held.state_file, schema)
    try:
        write_mark(held, mark)
        yield rows
    except BaseException:
        held.state_mark.unlink(missing_ok=True)
        schema.drop()
        raise


def to_file(workspace: Workspace) -> dict[str, int]:
    """Bring the state of a workspace from its server into its file; return rows by table.

    Raises
    ------
    ValueError
        If no server keeps the state, or its URL is not given.
    """
    with FileLock(f"{workspace.state_mark}.lock"):
        schema = StateDatabase(workspace, MetaData()).schema
        if schema is None:
            raise ValueError(f"move=file: no server keeps the state of {workspace.name!r}")
        workspace.state_file.parent.mkdir(parents=True, exist_ok=True)
        draft = workspace.state_file.with_name(f".{workspace.state_file.name}.draft")
        draft.unlink(missing_ok=True)
        rows = dump(schema, draft, still=True)
        settle(draft, workspace.state_file)
        workspace.state_mark.unlink()
        schema.drop()
    return rows
