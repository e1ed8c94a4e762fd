"""Feast's configuration of a workspace: ``features/feature_store.yaml`` with its values filled in.

Which online store a workspace uses is decided when features are applied, kept in
``<workspace>/features/online.json`` and found there by every reader.
"""

from __future__ import annotations

from pathlib import Path
from string import Template
from typing import Any

import yaml

from features.store.catalog import load_registry
from features.store.feast_api import RepoConfig
from features.store.online import OnlineStore, load_online
from ingest.state.url import EMBEDDED
from ingest.workspace import Workspace

_YAML = Path(__file__).resolve().parents[1] / "feature_store.yaml"


def project_name(workspace: Workspace) -> str:
    """Return the Feast project of a workspace; on a shared Redis it keeps workspaces apart."""
    return "huaxiang_" + workspace.name.replace("-", "_")


def repo_config(
    workspace: Workspace, online: OnlineStore | None = None, registry: str | None = None
) -> RepoConfig:
    """Return Feast's configuration of a workspace.

    Parameters
    ----------
    workspace : Workspace
        Its folder holds the registry, the feature files and the embedded online store.
    online : OnlineStore, optional
        Default: the one remembered in the workspace.
    registry : str, optional
        URL of the database that Feast registers views in, ``sqlite`` for a file of the workspace.
        Default: what is remembered.
    """
    values = {"HUAXIANG_PROJECT": project_name(workspace), "HUAXIANG_WORKSPACE": workspace.root}
    settings: dict[str, Any] = yaml.safe_load(
        Template(_YAML.read_text("utf-8")).safe_substitute(values)
    )
    chosen = online or load_online(workspace)
    if chosen.kind == "redis":
        settings["online_store"] = {"type": "redis", "connection_string": chosen.connection}
    url = registry or load_registry(workspace)
    if url is not None and url != EMBEDDED:
        settings["registry"] |= _on_server(url)
    return RepoConfig(repo_path=_YAML.parent, **settings)


def _on_server(url: str) -> dict[str, Any]:
    """Return Feast's settings of a registry on a server, which may be started again meanwhile."""
    scheme, between, rest = url.partition("://")
    driver = "postgresql+psycopg" if scheme == "postgresql" else scheme  # Feast warns otherwise
    return {"path": driver + between + rest, "sqlalchemy_config_kwargs": {"pool_pre_ping": True}}
