"""Where Feast keeps what it knows of a workspace's views: a file of it, or a database by URL.

Chosen when features are applied, kept in ``features/registry.json`` without any password and found
there by every reader.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from features.store.files import write_text
from ingest.state.url import chosen
from ingest.workspace import Workspace

VARIABLE = "HUAXIANG_REGISTRY_URL"


def is_applied(workspace: Workspace) -> bool:
    """Say whether features of a workspace were made and registered."""
    return _file(workspace).exists() or (workspace.features / "registry.db").exists()


def chosen_registry(setting: str | None) -> str | None:
    """Return the URL of the registry that a setting or the environment names, None for a file.

    Raises
    ------
    ValueError
        If the setting holds a password.
    """
    return chosen(setting, VARIABLE, name="registry.url")


def save_registry(workspace: Workspace, setting: str | None) -> None:
    """Remember where a workspace is registered: the setting, or that the environment says it."""
    if chosen_registry(setting) is None:
        _file(workspace).unlink(missing_ok=True)
        return
    write_text(json.dumps({"url": setting or None}), _file(workspace))


def load_registry(workspace: Workspace) -> str | None:
    """Return the URL of a workspace's registry, None for its file.

    Raises
    ------
    ValueError
        If the environment named it when features were applied, and names none now.
    """
    if not _file(workspace).exists():
        return None
    kept: str | None = json.loads(_file(workspace).read_text("utf-8"))["url"]
    url = kept or os.environ.get(VARIABLE)
    if not url:
        raise ValueError(
            f"workspace {workspace.name!r} is registered in a database: expected its URL in the "
            f"environment variable {VARIABLE}, received none"
        )
    return url


def _file(workspace: Workspace) -> Path:
    return workspace.features / "registry.json"
