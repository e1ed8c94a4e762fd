"""A tiny encoder that the tests of fine-tuning share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.text.tiny import SETTINGS, tiny_folder
from training.text.settings import FinetuneSettings


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of an encoder with random weights."""
    return tiny_folder(tmp_path_factory.mktemp("encoder") / "tiny")


@pytest.fixture(scope="session")
def settings(tiny: Path) -> FinetuneSettings:
    return SETTINGS.model_copy(update={"weights": str(tiny)})
