"""Settings of the online endpoint; ``conf/api.yaml`` names each of them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveFloat, PositiveInt

from ingest.workspace import Workspace
from serving.tracking import Tracking


class ApiSettings(BaseModel):
    """What the endpoint serves, where it listens and how much it takes on.

    Parameters
    ----------
    workspace : str
        Workspace whose champion is served.
    data_dir : Path
        Folder of the workspaces.
    tracking : Tracking
        Where the champion is registered.
    host : str
        Address to bind; the default answers this machine only.
    port : int
        TCP port; 0 takes a free one.
    batch : int
        Most concurrent questions that share one matrix product.
    retry_seconds : float
        Pause before loading the champion is tried again.
    shutdown_seconds : int
        How long open requests may take to finish when the server is stopped.
    at : datetime, optional
        Time at which items have to be available; the present when not given.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    workspace: str = "demo"
    data_dir: Path = Path("data")
    tracking: Tracking = Tracking()
    host: str = "127.0.0.1"
    port: NonNegativeInt = Field(default=8080, le=65535)
    batch: PositiveInt = 16
    retry_seconds: PositiveFloat = 15.0
    shutdown_seconds: PositiveInt = 10
    at: datetime | None = None

    @property
    def folders(self) -> Workspace:
        """The workspace's folders."""
        return Workspace.named(self.workspace, self.data_dir)
