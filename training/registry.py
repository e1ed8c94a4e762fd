"""Registered bundles of a workspace: versions, and the one that serves (alias ``champion``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock

from training.bundle import Bundle
from training.tracking.store import DEFAULT, TrackingStore

CHAMPION = "champion"
LED = "led"  # tag: this version was champion once


class NoChampionError(LookupError):
    """A workspace has no champion yet."""


class OvertakenError(RuntimeError):
    """Another version became champion meanwhile."""


@dataclass(frozen=True)
class Version:
    """One registered bundle."""

    number: int
    run_id: str
    source: str
    tags: Mapping[str, str] = field(default_factory=dict)


class Registry:
    """Registered bundles of one workspace: the MLflow model ``huaxiang-<workspace>``.

    Parameters
    ----------
    workspace : str
    store : TrackingStore, optional
    """

    def __init__(self, workspace: str, store: TrackingStore | None = None) -> None:
        self.workspace = workspace
        self.name = f"huaxiang-{workspace}"
        self.store = store or TrackingStore(DEFAULT)

    def promote(
        self, model_uri: str, tags: Mapping[str, str] | None = None, *, over: int | None = None
    ) -> Version:
        """Register the logged model ``model_uri`` and make it champion.

        Raises
        ------
        OvertakenError
            If ``over`` is given and no longer the version that serves.
        """
        mlflow, client = self.store.connect(), self.store.client()
        named = dict(tags or {}) | {LED: "true"}
        with self._alone():
            self._refuse_overtaken(over)
            found = mlflow.register_model(model_uri, self.name, tags=named)
            client.set_registered_model_alias(self.name, CHAMPION, found.version)
        return version_of(found)

    def champion(self) -> Version | None:
        """Return the version that serves, None where there is none."""
        from mlflow.exceptions import MlflowException  # noqa: PLC0415

        client = self.store.client()
        try:
            return version_of(client.get_model_version_by_alias(self.name, CHAMPION))
        except MlflowException:
            return None

    def before(self, now: Version) -> Version | None:
        """Return the version that led before ``now``, None where ``now`` is the first."""
        client = self.store.client()
        found = [version_of(v) for v in client.search_model_versions(f"name = '{self.name}'")]
        earlier = [v for v in found if v.number < now.number and LED in v.tags]
        return max(earlier, key=lambda version: version.number, default=None)

    def rollback(self, *, over: int | None = None) -> tuple[Version, Version]:
        """Make the version that led before the champion lead again; return (from, to).

        Raises
        ------
        NoChampionError
            If there is no champion, or none before it.
        OvertakenError
            If ``over`` is given and no longer the version that serves.
        """
        with self._alone():
            self._refuse_overtaken(over)
            now = self.champion()
            if now is None:
                raise self._missing()
            before = self.before(now)
            if before is None:
                raise NoChampionError(
                    f"{self.name}: version {now.number} is the first champion, nothing to go "
                    "back to"
                )
            client = self.store.client()
            client.set_model_version_tag(self.name, str(now.number), "rolled_back", "true")
            client.delete_model_version_tag(self.name, str(now.number), LED)
            client.set_registered_model_alias(self.name, CHAMPION, str(before.number))
        return now, before

    def folder(self, version: Version) -> Path:
        """Return the folder of the bundle of ``version`` on this machine."""
        mlflow = self.store.connect()
        found = mlflow.artifacts.download_artifacts(f"models:/{self.name}/{version.number}")
        return Path(found) / "artifacts" / "bundle"

    def load(self, version: Version | None = None) -> Bundle:
        """Load a version, the champion by default.

        Raises
        ------
        NoChampionError
            If the workspace has no champion.
        """
        chosen = version or self.champion()
        if chosen is None:
            raise self._missing()
        return Bundle.load(self.folder(chosen))

    def _alone(self) -> FileLock:
        """Return the lock under which the champion changes; seconds, whoever holds it."""
        self.store.folder.mkdir(parents=True, exist_ok=True)
        return FileLock(self.store.folder / f"{self.name}.lock")

    def _refuse_overtaken(self, over: int | None) -> None:
        now = self.champion()
        if over is not None and (now is None or now.number != over):
            serves = "none" if now is None else f"version {now.number}"
            raise OvertakenError(
                f"{self.name}: version {over} was to be replaced, but {serves} serves by now; "
                "nothing was changed, judge again"
            )

    def _missing(self) -> NoChampionError:
        return NoChampionError(
            f"workspace {self.workspace!r} has no champion; train models with `python -m training "
            f"-m model=popular,ease workspace={self.workspace}` and run `python -m "
            f"training.promote workspace={self.workspace}`"
        )


def load_champion(workspace: str, store: TrackingStore | None = None) -> Bundle:
    """Load the bundle that serves ``workspace``; see :meth:`Registry.load`."""
    return Registry(workspace, store).load()


def version_of(found: Any) -> Version:
    """Return what MLflow says of a registered version."""
    return Version(int(found.version), str(found.run_id), str(found.source), dict(found.tags or {}))
