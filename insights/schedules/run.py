"""Make the reports that are due, those that were missed included."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime

from insights.schedules.history import History, Run
from insights.schedules.plan import Schedule

_log = logging.getLogger(__name__)
Make = Callable[[str, Schedule, datetime], None]
FAILURES = (ValueError, LookupError, OSError, ArithmeticError, MemoryError)


def owed(schedule: Schedule, name: str, history: History, now: datetime) -> list[datetime]:
    """Return when reports were due that nobody has made, oldest first.

    A schedule that never ran owes the last report only.
    """
    settled = history.settled(name)
    if settled is None:
        last = schedule.last(now)
        return [] if last is None else [last]
    done = history.done(name)
    return [due for due in schedule.times(settled, now) if due not in done]


def run_due(
    schedules: Mapping[str, Schedule], history: History, now: datetime, make: Make
) -> list[Run]:
    """Make what is owed and record each; another process that does the same is waited for.

    Parameters
    ----------
    schedules : dict of str to Schedule
        By name.
    history : History
        What has run.
    now : datetime
        Nothing that is due later is made.
    make : callable
        ``(name, schedule, due)`` writes the report. An error is recorded, and the report tried
        again by the next call; other schedules go on.
    """
    found: list[Run] = []
    history.file.parent.mkdir(parents=True, exist_ok=True)
    with history.lock:
        for name, schedule in schedules.items():
            missed = owed(schedule, name, history, now)
            kept = missed[-schedule.catch_up - 1 :]  # what is due now, and missed ones
            for due in missed[: len(missed) - len(kept)]:
                found.append(Run(schedule=name, due=due, status="skipped", at=now))
                history.add(found[-1])
            for due in kept:
                found.append(_one(name, schedule, due, now, make))
                history.add(found[-1])
    return found


def _one(name: str, schedule: Schedule, due: datetime, now: datetime, make: Make) -> Run:
    started = time.perf_counter()
    try:
        make(name, schedule, due)
    except FAILURES as error:
        _log.warning("%s, due %s, failed: %s", name, due.isoformat(), error)
        told = f"{type(error).__name__}: {error}"
        return Run(schedule=name, due=due, status="failed", at=now, error=told)
    return Run(
        schedule=name,
        due=due,
        status="done",
        at=now,
        seconds=round(time.perf_counter() - started, 3),
        file=str(schedule.file(name, due)),
    )
