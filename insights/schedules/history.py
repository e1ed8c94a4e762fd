"""What became of every report that was due: an append-only file of the workspace."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import orjson
from filelock import FileLock
from pydantic import BaseModel, ConfigDict

Status = Literal["done", "failed", "skipped"]


class Run(BaseModel):
    """One report that was due.

    Parameters
    ----------
    schedule : str
        Name of the schedule.
    due : datetime
        When it should have been made.
    status : {"done", "failed", "skipped"}
        Skipped: too many had been missed.
    at : datetime
        When that was recorded.
    seconds : float
        Time it took.
    file : str
        What was written.
    error : str
        Why it failed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schedule: str
    due: datetime
    status: Status
    at: datetime
    seconds: float = 0.0
    file: str = ""
    error: str = ""


class History:
    """The runs of a workspace's schedules, ``<workspace>/schedules.jsonl``.

    A line is on disk before :meth:`add` returns. A line that a crash cut short is not read.
    """

    def __init__(self, root: Path) -> None:
        self.file = Path(root) / "schedules.jsonl"
        self.lock = FileLock(f"{self.file}.lock")

    def __iter__(self) -> Iterator[Run]:
        """Return what is recorded, oldest first."""
        if not self.file.exists():
            return
        for line in self.file.read_bytes().split(b"\n")[:-1]:
            yield Run.model_validate(orjson.loads(line))

    def add(self, run: Run) -> None:
        """Record one run."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("ab") as out:
            if self._torn():
                out.truncate(self.file.read_bytes().rfind(b"\n") + 1)
            out.write(orjson.dumps(run.model_dump(mode="json")) + b"\n")
            out.flush()
            os.fsync(out.fileno())

    def settled(self, schedule: str) -> datetime | None:
        """Return a moment up to which nothing is owed any more; None before the first run.

        A run that failed is owed until a later one of the same time succeeds.
        """
        ended: dict[datetime, Status] = {r.due: r.status for r in self if r.schedule == schedule}
        failed = [due for due, status in ended.items() if status == "failed"]
        return min(failed) - timedelta(microseconds=1) if failed else max(ended, default=None)

    def done(self, schedule: str) -> set[datetime]:
        """Return the times whose report was made or skipped."""
        ended = {r.due: r.status for r in self if r.schedule == schedule}
        return {due for due, status in ended.items() if status != "failed"}

    def _torn(self) -> bool:
        return self.file.stat().st_size > 0 and not self.file.read_bytes().endswith(b"\n")
