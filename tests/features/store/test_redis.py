"""A real Redis server as online store: the same rows come back as offline, and newer ones on top.

The server is started here, on a free port, without writing to disk; skipped where its program is
not installed.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from features.store.materialize import materialize, push
from features.store.online import OnlineStore
from features.store.reader import FeatureReader
from features.store.registry import apply
from features.store.schema import SERVICES, service_key
from ingest.workspace import Workspace

redis = pytest.importorskip("redis", reason="the Python package redis is not installed")

EARLY = datetime(2020, 1, 1, tzinfo=UTC)
LATE = datetime(2020, 1, 31, tzinfo=UTC)
IDS = ["c2", "nobody", "c1", "c3"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Host and port of a running server."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed (Debian: apt-get install redis-server)")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    folder = tmp_path_factory.mktemp("redis")
    options = ["--port", str(port), "--save", "", "--appendonly", "no", "--dir", str(folder)]
    process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
    try:
        client = redis.Redis(port=port)
        for _ in range(200):
            try:
                client.ping()
                break
            except redis.ConnectionError:
                time.sleep(0.05)
        client.ping()
        client.close()
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def shop(
    server: str, tmp_path_factory: pytest.TempPathFactory, filled: Callable[..., None]
) -> Workspace:
    workspace = Workspace(Path(tmp_path_factory.mktemp("on_redis")) / "shop")
    filled(workspace, {EARLY: {"c1": 1.0}, LATE: {"c1": 10.0, "c2": 20.0, "c3": None}})
    store = apply(workspace, OnlineStore(kind="redis", connection=server))
    materialize(workspace, LATE, store=store)
    return workspace


@pytest.mark.parametrize("service", list(SERVICES))
def test_what_redis_gives_is_what_was_computed(shop: Workspace, service: str) -> None:
    reader = FeatureReader(shop)
    read = reader.customers if service_key(service) == "customer_id" else reader.items
    offline, online = read(IDS, as_of=LATE, service=service), read(IDS, service=service)
    assert list(online.index) == IDS
    assert list(online.columns) == list(offline.columns)
    for column in offline:
        for left, right in zip(offline[column], online[column], strict=True):
            np.testing.assert_equal(left, right)
    assert not (shop.features / "online.db").exists()


def test_a_pushed_row_is_read_at_once(shop: Workspace, made_rows: Callable[..., pa.Table]) -> None:
    rows = made_rows("customer_behavior", datetime(2020, 2, 2, tzinfo=UTC), {"c2": 77.0})
    push(shop, "customer_behavior", rows.to_pandas())
    assert FeatureReader(shop).customer_online("c2")["purchases"] == 77.0
    assert FeatureReader(shop).customer_online("c1")["purchases"] == 10.0


def test_workspaces_share_a_server_and_stay_apart(
    server: str, shop: Workspace, tmp_path: Path, filled: Callable[..., None]
) -> None:
    other = Workspace(tmp_path / "other")
    filled(other, {LATE: {"c1": 5.0}})
    store = apply(other, OnlineStore(kind="redis", connection=server))
    materialize(other, LATE, store=store)
    assert FeatureReader(other).customer_online("c1")["purchases"] == 5.0
    assert FeatureReader(shop).customer_online("c1")["purchases"] == 10.0
