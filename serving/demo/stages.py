"""Stages of the demo: real verbs as a person would type them, each skipped when nothing changed.

A stage is stale when its command, the source code it runs, or a stage before it changed since it
last succeeded; the record is one JSON file in the workspace.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from serving.demo import measured

HOUSE = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Stage:
    """One verb call.

    Parameters
    ----------
    name : str
        What people see.
    module : str
        Python module that is run with ``-m``.
    arguments : tuple of str
        Its command-line arguments.
    code : tuple of str
        Folders and files, relative to the house, whose change makes the stage stale.
    accepted : tuple of int
        Exit codes that are an answer rather than a failure.
    """

    name: str
    module: str
    arguments: tuple[str, ...]
    code: tuple[str, ...]
    accepted: tuple[int, ...] = (0,)

    @property
    def command(self) -> str:
        """The command line as one would type it."""
        return " ".join(["python -m", self.module, *self.arguments])


@dataclass(frozen=True)
class StageRun:
    """Outcome of a stage: seconds of wall time, and peak resident memory of its own in MB."""

    name: str
    command: str
    skipped: bool
    seconds: float
    peak_mb: float


class StageFailedError(RuntimeError):
    """A stage ended with an error; the message holds its command."""


def _files(paths: Sequence[str]) -> Iterator[Path]:
    for path in paths:
        start = HOUSE / path
        found = [start] if start.is_file() else start.rglob("*")
        yield from sorted(file for file in found if file.suffix in {".py", ".yaml"})


def fingerprint(stage: Stage, before: str) -> str:
    """Return the hash of a stage's command, its code and the fingerprint of the stage before it."""
    digest = hashlib.sha256(f"{before}\n{stage.command}\n".encode())
    for file in _files(stage.code):
        digest.update(str(file).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def run_stages(
    stages: Sequence[Stage], record: Path, outputs: dict[str, Path]
) -> Iterator[StageRun]:
    """Run what is stale, in order, and yield the outcome of each stage.

    Parameters
    ----------
    stages : sequence of Stage
        In the order they depend on each other.
    record : Path
        JSON file that remembers the fingerprints and outcomes of earlier runs.
    outputs : dict of str to Path
        Something each stage leaves behind; a stage whose output is gone is stale.

    Raises
    ------
    StageFailedError
        If a stage ends with an error; later stages are not run.
    """
    known = json.loads(record.read_text()) if record.exists() else {}
    before = ""
    for stage in stages:
        before = fingerprint(stage, before)
        earlier = known.get(stage.name, {})
        if earlier.get("fingerprint") == before and outputs[stage.name].exists():
            yield StageRun(**{**earlier["run"], "skipped": True})
            continue
        run = _run(stage)
        known[stage.name] = {"fingerprint": before, "run": asdict(run)}
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(json.dumps(known, indent=2))
        yield run


def _run(stage: Stage) -> StageRun:
    start = time.perf_counter()
    code, peak = _measured([sys.executable, "-m", stage.module, *stage.arguments])
    if code not in stage.accepted or not peak:
        raise StageFailedError(f"stage {stage.name!r} failed: {stage.command}")
    seconds = time.perf_counter() - start
    return StageRun(stage.name, stage.command, False, round(seconds, 2), round(int(peak) / 1e6, 1))


def _measured(command: Sequence[str]) -> tuple[int, str]:
    """Return the exit code of a command and its peak memory in bytes, "" if it left none."""
    reader, writer = os.pipe()
    with os.fdopen(reader) as peak:
        process = subprocess.Popen(  # noqa: S603  (our own modules with our own arguments)
            [sys.executable, "-I", measured.__file__, str(writer), *command],
            cwd=HOUSE,
            pass_fds=(writer,),
        )
        os.close(writer)
        return process.wait(), peak.read()
