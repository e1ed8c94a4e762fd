"""Where the served model is registered: the same setting that training writes to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from training.registry import Registry


class Tracking(BaseModel):
    """MLflow's place, as ``tracking`` in ``conf/common.yaml``.

    Parameters
    ----------
    folder : Path
        Holds ``mlflow.db`` and its artifacts.
    uri : str, optional
        A tracking server or database instead of the file in ``folder``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path = Path("mlruns")
    uri: str | None = None

    def registry(self, workspace: str) -> Registry:
        """Return the registered models of ``workspace``."""
        from training import registry  # noqa: PLC0415  (settings are checked before training loads)
        from training.tracking.store import TrackingStore  # noqa: PLC0415

        return registry.Registry(workspace, TrackingStore(self.folder, self.uri))
