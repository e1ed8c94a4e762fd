"""What became of every report that was due: an append-only file of the workspace."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from insights.journal import Journal

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


class History(Journal[Run]):
    """The runs of a workspace's schedules, ``<workspace>/schedules.jsonl``."""

    def __init__(self, root: Path) -> None:
        super().__init__(Path(root) / "schedules.jsonl", Run)

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
