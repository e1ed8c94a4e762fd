"""Registered classifiers of a workspace and taxonomy: versions, and the one that leads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from features.text.classifier.load import Classifier, load_classifier
from features.text.classifier.model import Vectors
from training.registry import CHAMPION, LED, NoChampionError, Registry, Version, version_of
from training.tracking.store import TrackingStore

ARTIFACT = "classifier"


class ClassifierRegistry(Registry):
    """The MLflow model ``huaxiang-<workspace>-<taxonomy>``.

    Every fitted classifier is a version of it; the alias ``champion`` is on the one promoted last.

    Parameters
    ----------
    workspace, taxonomy : str
    store : TrackingStore, optional
    """

    def __init__(self, workspace: str, taxonomy: str, store: TrackingStore | None = None) -> None:
        super().__init__(workspace, store)
        self.taxonomy = taxonomy
        self.name = f"huaxiang-{workspace}-{taxonomy}"

    def register(self, model_uri: str, tags: Mapping[str, str]) -> Version:
        """Register a logged classifier, which leads nothing yet."""
        found = self.store.connect().register_model(model_uri, self.name, tags=dict(tags))
        return version_of(found)

    def versions(self) -> list[Version]:
        """Return every registered version."""
        found = self.store.client().search_model_versions(f"name = '{self.name}'")
        return [version_of(each) for each in found]

    def of_run(self, run_id: str) -> Version | None:
        """Return the version that a run registered, None if it registered none."""
        client = self.store.client()
        found = client.search_model_versions(f"name = '{self.name}'")
        mine = [version_of(each) for each in found if (each.tags or {}).get("run") == run_id]
        return max(mine, key=lambda version: version.number) if mine else None

    def lead(self, version: Version, verdict: str) -> None:
        """Make a registered version the champion."""
        client, number = self.store.client(), str(version.number)
        client.set_model_version_tag(self.name, number, LED, "true")
        client.set_model_version_tag(self.name, number, "verdict", verdict)
        client.set_registered_model_alias(self.name, CHAMPION, number)

    def classifier(self, version: Version, vectors: Vectors) -> Classifier:
        """Load a registered classifier."""
        return load_classifier(self.folder(version), vectors=vectors)

    def folder(self, version: Version) -> Path:
        """Return the folder of the classifier of ``version`` on this machine."""
        mlflow = self.store.connect()
        found = mlflow.artifacts.download_artifacts(f"models:/{self.name}/{version.number}")
        return Path(found) / "artifacts" / ARTIFACT

    def _missing(self) -> NoChampionError:
        return NoChampionError(
            f"workspace {self.workspace!r} has no promoted classifier of {self.taxonomy}; fit one "
            f"with `python -m training task=classifier taxonomy={self.taxonomy} "
            f"workspace={self.workspace}` and run `python -m training.promote "
            f"taxonomy={self.taxonomy} workspace={self.workspace}`"
        )
