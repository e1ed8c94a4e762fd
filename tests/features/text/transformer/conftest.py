"""A tiny encoder with random weights: these are tests of mechanics, not of ability."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.text.tiny import tiny_folder


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_folder(tmp_path_factory.mktemp("encoder") / "tiny")
