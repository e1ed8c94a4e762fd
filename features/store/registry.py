"""Register a workspace's views and services with Feast."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from features.store.catalog import chosen_registry, save_registry
from features.store.config import repo_config
from features.store.feast_api import FeatureStore
from features.store.online import OnlineStore, online_file, save_online
from features.store.views import definitions
from ingest.state.url import EMBEDDED
from ingest.workspace import Workspace


def apply(
    workspace: Workspace, online: OnlineStore | None = None, registry: str | None = None
) -> FeatureStore:
    """Register entities, sources, views and services; return the open feature store.

    The registry is a database, so a kill in between leaves it as it was or as it will be.
    The embedded online store is switched to write-ahead logging: reads go on while it is written.

    Parameters
    ----------
    workspace : Workspace
        Its feature files must exist.
    online : OnlineStore, optional
        Default: sqlite in the workspace.
    registry : str, optional
        URL of a database to register in, without its password; by default the one that the
        environment variable ``HUAXIANG_REGISTRY_URL`` names, else sqlite in the workspace.
    """
    chosen = online or OnlineStore()
    workspace.features.mkdir(parents=True, exist_ok=True)
    url = chosen_registry(registry) or EMBEDDED
    store = FeatureStore(config=repo_config(workspace, chosen, url))
    store.apply(definitions(workspace).all())
    if chosen.kind == "sqlite":
        with closing(sqlite3.connect(online_file(workspace))) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
    save_online(workspace, chosen)
    save_registry(workspace, registry)
    return store
