"""A real PostgreSQL server on a free port, in a folder of its own that is removed afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

USER, PASSWORD = "keeper", "p@ss word:1"
_HASTE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


def programs() -> Path | None:
    """Return the folder of the server's programs: on the path, or where Debian puts them."""
    found = shutil.which("initdb")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    every = [Path(found).resolve()] if found else debian[-1:]
    return every[0].parent if every else None


def _version(file: Path) -> int:
    return int(file.parts[-3].partition(".")[0])


@contextmanager
def running(*, durable: bool = False) -> Iterator[str]:
    """Give the URL, password included, of a server that is stopped and removed afterwards.

    Nothing is forced to disk unless it is ``durable``. The server refuses to run as root, so that
    root starts it as the user Debian made for it.
    """
    pytest.importorskip("psycopg", reason="the Python package psycopg is not installed")
    bin_folder = programs()
    if bin_folder is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    another: dict[str, Any] = {"user": "postgres", "group": "postgres"} if os.getuid() == 0 else {}
    if another and not any(entry.pw_name == "postgres" for entry in pwd.getpwall()):
        pytest.skip("PostgreSQL does not run as root, and there is no user postgres to run it as")
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        if another:
            shutil.chown(folder, **another)
        settings = () if durable else _HASTE
        yield from _served(bin_folder, folder, settings, {**another, "cwd": folder})
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _served(
    bin_folder: Path, folder: Path, haste: tuple[str, ...], told: dict[str, Any]
) -> Iterator[str]:
    secret = folder / "password"
    secret.write_text(PASSWORD, "utf-8")
    secret.chmod(0o644)
    shape = ["--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256"]
    user = [f"--username={USER}", f"--pwfile={secret}"]
    make = [bin_folder / "initdb", "-D", folder / "data", *user, *shape]
    subprocess.run(make, check=True, capture_output=True, timeout=120, **told)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    given = (*haste, "listen_addresses=127.0.0.1", f"port={port}")
    settings = [word for setting in given for word in ("-c", setting)]
    serve = [bin_folder / "postgres", "-D", folder / "data", "-k", folder, *settings]
    log = (folder / "log").open("wb")
    with log, subprocess.Popen(serve, stdout=log, stderr=log, **told) as server:
        try:
            _wait(bin_folder, port, server, folder / "log")
            yield f"postgresql://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(2)  # interrupt: end every connection and stop
            server.wait(30)


def _wait(bin_folder: Path, port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    asked = [bin_folder / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
    deadline = time.monotonic() + 60
    while subprocess.run(asked, check=False, timeout=30).returncode != 0:
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the server does not come up: {log.read_text('utf-8')[-2000:]}")
        time.sleep(0.05)
