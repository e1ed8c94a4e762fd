"""Feast's configuration of a workspace: ``features/feature_store.yaml`` with its values filled in.

Which online store a workspace uses is decided when features are applied, kept in
``<workspace>/features/online.json`` and found there by every reader.
"""

from __future__ import annotations

import json
from pathlib import Path
from string import Template
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

from features.store.feast_api import RepoConfig
from features.store.files import write_text
from ingest.workspace import Workspace

_YAML = Path(__file__).resolve().parents[1] / "feature_store.yaml"


class OnlineStore(BaseModel):
    """Where online features live: a sqlite file of the workspace, or a Redis server.

    Parameters
    ----------
    kind : {"sqlite", "redis"}
        Engine.
    connection : str, optional
        Redis connection string, e.g. ``localhost:6379`` or ``localhost:6379,ssl=true,db=1``.

    Raises
    ------
    ValueError
        If redis has no connection or sqlite has one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["sqlite", "redis"] = "sqlite"
    connection: str | None = None

    @model_validator(mode="after")
    def _connected(self) -> OnlineStore:
        if (self.kind == "redis") != bool(self.connection):
            raise ValueError(
                f"online store {self.kind!r}: expected a connection for redis and none for "
                f"sqlite, received connection={self.connection!r}"
            )
        return self


def project_name(workspace: Workspace) -> str:
    """Return the Feast project of a workspace; on a shared Redis it keeps workspaces apart."""
    return "huaxiang_" + workspace.name.replace("-", "_")


def save_online(workspace: Workspace, online: OnlineStore) -> None:
    """Remember which online store the workspace uses."""
    write_text(online.model_dump_json(), workspace.features / "online.json")


def load_online(workspace: Workspace) -> OnlineStore:
    """Return the online store chosen when features were applied; sqlite before that."""
    path = workspace.features / "online.json"
    return OnlineStore(**json.loads(path.read_text("utf-8"))) if path.exists() else OnlineStore()


def online_file(workspace: Workspace) -> Path:
    """Return the sqlite file of the embedded online store."""
    return workspace.features / "online.db"


def repo_config(workspace: Workspace, online: OnlineStore | None = None) -> RepoConfig:
    """Return Feast's configuration of a workspace.

    Parameters
    ----------
    workspace : Workspace
        Its folder holds the registry, the feature files and the embedded online store.
    online : OnlineStore, optional
        Default: the one remembered in the workspace.
    """
    values = {"HUAXIANG_PROJECT": project_name(workspace), "HUAXIANG_WORKSPACE": workspace.root}
    settings: dict[str, Any] = yaml.safe_load(
        Template(_YAML.read_text("utf-8")).safe_substitute(values)
    )
    chosen = online or load_online(workspace)
    if chosen.kind == "redis":
        settings["online_store"] = {"type": "redis", "connection_string": chosen.connection}
    return RepoConfig(repo_path=_YAML.parent, **settings)
