"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from ingest.runtime import prepare

prepare()

# The same examples in every run, so that a run says something of the change and not of the day;
# HYPOTHESIS_PROFILE=explore looks for new ones.
settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
settings.register_profile("explore", max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

# Databases that whoever runs the tests may use are not theirs to fill.
for variable in ("HUAXIANG_STATE_URL", "HUAXIANG_TRACKING_URI", "HUAXIANG_REGISTRY_URL"):
    os.environ.pop(variable, None)

# The whole suite runs without a network: only this machine can be reached, here and in the Python
# processes that tests start.
GUARD = Path(__file__).parent / "no_network"
sys.path.insert(0, str(GUARD))
import network_guard  # noqa: E402 (found only now)

network_guard.block()
os.environ["PYTHONPATH"] = os.pathsep.join(
    [str(GUARD), *filter(None, [os.environ.get("PYTHONPATH")])]
)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand what a worker refused to the process that reports."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["refused"] = network_guard.attempts


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker refused."""
    network_guard.attempts.extend(getattr(node, "workeroutput", {}).get("refused", []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was refused, once each."""
    for attempt in sorted(set(network_guard.attempts)):
        terminalreporter.write_line(f"no network: refused {attempt}")


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


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of a PostgreSQL server that runs for these tests; skipped where it is not installed."""
    from tests.postgres_server import running

    with running() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def state_url(request: pytest.FixtureRequest) -> str | None:
    """Where application state is kept: what a test says of it holds for a file and for a server."""
    return None if request.param == "sqlite" else request.getfixturevalue("postgres")


@pytest.fixture(autouse=True)
def _absl_leaves_captured_streams_open() -> None:
    """Point TensorFlow's log handler at the real stderr.

    It keeps the stream of the moment it was imported, which is pytest's, and closes it when Hydra
    configures logging: the whole run would end there.
    """
    absl = sys.modules.get("absl.logging")
    if absl is not None:
        absl.get_absl_handler().python_handler.stream = sys.__stderr__
