"""The MLflow store of this checkout: one SQLite file or a server, artifacts beside it."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.state.url import chosen

if TYPE_CHECKING:
    from mlflow import MlflowClient

VARIABLE = "HUAXIANG_TRACKING_URI"
_ROOT = Path(__file__).resolve().parents[2]
DEFAULT = _ROOT / "mlruns"
_NOTE = "mlflow.note.content"  # the description that the UI shows
_ABOUT = (
    "Models of workspace {workspace}, task {task}. A sweep is a parent run: its artifacts hold the "
    "comparison table with paired intervals and the plots, its children the models."
)


class TrackingStore:
    """Where runs, artifacts and registered models are kept.

    Parameters
    ----------
    folder : Path
        Holds ``mlflow.db`` and ``artifacts/``; created when first used.
    uri : str, optional
        A tracking server or database to use instead of the SQLite file, such as
        ``postgresql://user@host/database``, without its password. By default what the environment
        variable ``HUAXIANG_TRACKING_URI`` names, else the file; ``sqlite`` is the file anyhow.

    Raises
    ------
    ValueError
        If ``uri`` holds a password: settings are logged with runs.
    """

    def __init__(self, folder: Path | str = DEFAULT, uri: str | None = None) -> None:
        self.folder = Path(folder).resolve()
        named = chosen(uri, VARIABLE, name="tracking.uri")
        self.uri = named or f"sqlite:///{self.folder / 'mlflow.db'}"

    def connect(self) -> Any:
        """Point MLflow at this store and return its module."""
        import mlflow  # noqa: PLC0415  (takes 1.7 s)

        self.folder.mkdir(parents=True, exist_ok=True)
        os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
        for name in ("alembic", "mlflow.store.db.utils", "mlflow.tracking"):
            logging.getLogger(name).setLevel(logging.WARNING)
        mlflow.set_tracking_uri(self.uri)
        mlflow.set_registry_uri(self.uri)
        return mlflow

    def client(self) -> MlflowClient:
        """Return a client of this store."""
        client: MlflowClient = self.connect().MlflowClient(self.uri, self.uri)
        return client

    def experiment(self, workspace: str, task: str) -> str:
        """Return the id of the experiment ``<workspace>/<task>``, creating it where needed."""
        client, name = self.client(), f"{workspace}/{task}"
        found = client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        location = (self.folder / "artifacts" / workspace / task).as_uri()
        tags = {_NOTE: _ABOUT.format(workspace=workspace, task=task)}
        return str(client.create_experiment(name, artifact_location=location, tags=tags))
