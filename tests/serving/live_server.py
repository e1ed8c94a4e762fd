"""A server started as people start it, and killed as machines do."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

HOUSE = Path(__file__).resolve().parents[2]
PATIENCE = 60.0


@dataclass(frozen=True)
class Live:
    """A running server.

    Attributes
    ----------
    url : str
        Its address.
    process : subprocess.Popen
        Its process.
    """

    url: str
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """End it without a word, as a crash does."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def live(data: Path, workspace: str, *settings: str) -> Iterator[Live]:
    """Start ``python -m serving.api`` and wait until it listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "serving.api", f"workspace={workspace}", f"data_dir={data}"]
    command += [f"port={port}", f"tracking.folder={data}/mlruns", *settings]
    process = subprocess.Popen(command, cwd=HOUSE, stderr=subprocess.DEVNULL)
    server = Live(f"http://127.0.0.1:{port}", process)
    try:
        _wait(server)
        yield server
    finally:
        if process.poll() is None:
            server.kill()


def _wait(server: Live) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            httpx2.get(f"{server.url}/health", trust_env=False, timeout=60)
        except httpx2.TransportError:
            assert server.process.poll() is None, "the server ended"
            assert time.monotonic() < end, "the server does not listen"
            time.sleep(0.05)
        else:
            return
