"""Which online store a workspace uses, and which snapshot it holds; no Feast needed to know."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

from features.store.files import write_text
from ingest.workspace import Workspace


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


def mark_materialized(workspace: Workspace, as_of: datetime, rows: dict[str, int]) -> None:
    """Record that the online store holds the snapshot of ``as_of`` completely."""
    write_text(json.dumps({"as_of": as_of.isoformat(), "rows": rows}), _mark(workspace))


def unmark_materialized(workspace: Workspace) -> None:
    """Record that the online store is not to be relied on until it was written again."""
    _mark(workspace).unlink(missing_ok=True)


def materialized(workspace: Workspace) -> datetime | None:
    """Return the snapshot the online store holds completely, or None."""
    if not _mark(workspace).exists():
        return None
    return datetime.fromisoformat(json.loads(_mark(workspace).read_text("utf-8"))["as_of"])


def _mark(workspace: Workspace) -> Path:
    return workspace.features / "materialized.json"
