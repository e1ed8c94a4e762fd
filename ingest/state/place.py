"""Where a workspace keeps its application state, remembered so that nobody looks elsewhere.

State in a file needs no memory: the file is there. State on a server is named by ``state.json`` in
the workspace, which holds the name of its schema and, for people, the address without a password.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

import orjson

from ingest.durable import whole
from ingest.state.url import STATE, shown
from ingest.workspace import Workspace


@dataclass(frozen=True)
class Mark:
    """Which schema keeps the state of a workspace.

    Attributes
    ----------
    schema : str
        Its name, drawn at random: workspaces of the same name in other folders have others.
    server : str
        Address of the database when it was made, for people.
    """

    schema: str
    server: str


def new_mark(workspace: Workspace, url: str) -> Mark:
    """Return a mark with a schema that nobody has."""
    name = re.sub(r"[^a-z0-9]+", "_", workspace.name.lower())[:40]
    return Mark(f"huaxiang_{name}_{secrets.token_hex(4)}", shown(url))


def write_mark(workspace: Workspace, mark: Mark) -> None:
    """Remember a mark; on disk when this returns."""
    with whole(workspace.state_mark) as out:
        out.write(orjson.dumps({"schema": mark.schema, "server": mark.server}))


def mark_of(workspace: Workspace) -> Mark | None:
    """Return the mark of a workspace, None if no server keeps its state.

    Raises
    ------
    ValueError
        If the file is not what :func:`write_mark` wrote.
    """
    if not workspace.state_mark.exists():
        return None
    try:
        return Mark(**orjson.loads(workspace.state_mark.read_bytes()))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{workspace.state_mark}: expected the schema and the server that keep this "
            f"workspace's state, found something else ({error})"
        ) from error


def checked_mark(workspace: Workspace) -> Mark | None:
    """Return the mark where state belongs on a server and has one; refuse to look elsewhere.

    Raises
    ------
    ValueError
        If state is on a server and no URL is given, or in a file and one is.
    """
    mark, file = mark_of(workspace), workspace.state_file
    if mark is not None and workspace.state is None:
        raise ValueError(
            f"workspace {workspace.name!r} keeps its state in schema {mark.schema!r} of "
            f"{mark.server}: give state.url= or {STATE}, or bring it into a file with "
            f"python -m ingest.state workspace={workspace.name} move=file state.url=..."
        )
    if mark is None and workspace.state is not None and file.exists():
        raise ValueError(
            f"workspace {workspace.name!r} keeps its state in {file}, and state.url names "
            f"{shown(workspace.state)}: bring it there with python -m ingest.state "
            f"workspace={workspace.name} move=server, or give state.url=sqlite"
        )
    return mark
