"""A loaded shop and an MLflow store, shared by the tests of tracking."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from tests.training.shop import workspace
from training.plan import Plan
from training.tracking.store import TrackingStore

CONF = Path(__file__).parents[2] / "conf"


class Bench:
    """Configurations of a small shop, in a folder of its own."""

    def __init__(self, folder: Path, blank_store: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.tracking = folder / "mlruns"
        self.tracking.mkdir()
        shutil.copy(blank_store, self.tracking / "mlflow.db")
        workspace(self.data)

    @property
    def store(self) -> TrackingStore:
        return TrackingStore(self.tracking)

    def arguments(self, *overrides: str) -> list[str]:
        return [
            "workspace=shop",
            f"data_dir={self.data}",
            f"tracking.folder={self.tracking}",
            "split.window_days=20",
            "split.min_customers_per_item=1",
            *overrides,
        ]

    def config(self, *overrides: str) -> DictConfig:
        with initialize_config_dir(str(CONF), version_base=None):
            return compose("training", self.arguments(*overrides))

    def plan(self, *overrides: str, name: str = "") -> Plan:
        return Plan.of(self.config(*overrides), name)


@pytest.fixture(scope="session")
def blank_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database without runs: making one takes seconds, copying it does not."""
    folder = tmp_path_factory.mktemp("blank")
    TrackingStore(folder).client().search_experiments()
    return folder / "mlflow.db"


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory, blank_store: Path) -> Bench:
    return Bench(tmp_path_factory.mktemp("bench"), blank_store)


@pytest.fixture
def own_bench(tmp_path: Path, blank_store: Path) -> Bench:
    return Bench(tmp_path, blank_store)


def ranker_settings(**_: Any) -> list[str]:
    """Make the configured ranker small enough for a test."""
    return ["model=ranker", "model.trees=5", "model.windows=1", "model.window_days=15"]
