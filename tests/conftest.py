"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ingest.runtime import prepare

prepare()


@pytest.fixture(scope="session")
def data_root() -> Path:
    """Folder of the public data sets, from ``HUAXIANG_DATA``."""
    value = os.environ.get("HUAXIANG_DATA")
    if not value:
        pytest.skip("HUAXIANG_DATA is not set: this test reads public data sets")
    root = Path(value)
    if not root.is_dir():
        pytest.skip(f"HUAXIANG_DATA={value} is not a folder")
    return root.resolve()
