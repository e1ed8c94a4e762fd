"""From a message posted to the running server to the finding that counts it."""

from __future__ import annotations

import logging
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx2
from tqdm import tqdm

from ingest.workspace import Workspace
from insights.bench.figures import LIVE_SECONDS, figure, limit
from insights.bench.imported import imported
from insights.bench.settings import Bench, told
from training.report import Row

PATIENCE = 300.0  # seconds until the server listens and knows its conversations
_log = logging.getLogger(__name__)


def measure(bench: Bench) -> Iterator[Row]:
    """Yield the seconds at the smallest size, slowest and median.

    The posted messages stay in the workspace: they are of a channel of their own.
    """
    size = min(bench.sizes)
    found = imported(bench, size)
    with served(found.workspace, [f"reports.{each}" for each in bench.command]) as client:
        client.get("/v1/insights/volume", params={"by": ""}).raise_for_status()
        numbers = tqdm(range(bench.posts), desc="post", unit=" messages", dynamic_ncols=True)
        seconds = [counted(client, f"bench-{time.time_ns()}") for _ in numbers]
    most = limit(LIVE_SECONDS, size)
    for name, value in (("slowest", max(seconds)), ("median", statistics.median(seconds))):
        yield figure(
            told(size), f"live, {name}", "live_seconds", value, most,
            protocol="POST /v1/messages to GET /v1/insights/volume", n=len(seconds),
        )  # fmt: skip


def counted(client: httpx2.Client, name: str) -> float:
    """Return the seconds until a posted message is in a number.

    Raises
    ------
    ValueError
        If the first answer after it was stored does not count it.
    """
    now = datetime.now(UTC).isoformat()
    row = {
        "message_id": name, "conversation_id": name, "customer_id": "bench", "source": "simulated",
        "sender_role": "customer", "text": "simulated", "channel": name, "occurred_at": now,
    }  # fmt: skip
    start = time.perf_counter()
    client.post("/v1/messages", json=row).raise_for_status()
    told: Any = client.get("/v1/insights/volume", params={"by": "", "channel": name}).json()
    seconds = time.perf_counter() - start
    if [each["count"] for each in told["rows"]] != [1]:
        raise ValueError(f"live: expected one conversation of {name}, received {told['rows']}")
    return seconds


@contextmanager
def served(workspace: Workspace, settings: list[str]) -> Iterator[httpx2.Client]:
    """Start ``python -m serving.api`` and give a client once it answers; end it afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    place = [f"workspace={workspace.name}", f"data_dir={workspace.root.parent}", f"port={port}"]
    tracking = f"tracking.folder={workspace.root / 'mlruns'}"
    command = [sys.executable, "-m", "serving.api", *place, tracking, *settings]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: S603 (ours)
    url = f"http://127.0.0.1:{port}"
    try:
        with httpx2.Client(base_url=url, trust_env=False, timeout=PATIENCE) as client:
            _wait(client, process)
            yield client
    finally:
        process.terminate()
        process.wait(60)


def _wait(client: httpx2.Client, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            client.get("/health")
        except httpx2.TransportError as error:
            if process.poll() is not None or time.monotonic() > end:
                raise ValueError("live: python -m serving.api does not answer") from error
            time.sleep(0.1)
        else:
            return
