"""Bring the reports that were made to whom they are for; what does not arrive is tried again."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from features.text.pii.shown import shown
from insights.delivery.channels import Delivery
from insights.delivery.message import Language, Message, Parcel
from insights.delivery.send import Sleep, tried
from insights.journal import Journal
from insights.schedules.history import Run
from insights.schedules.plan import Schedule

_MOST_BYTES = 15_000_000  # of a file that a mail carries: many servers refuse 25 MB of base64
_WORDS: dict[str, dict[Language, str]] = {
    "title": {"en": "Report", "zh": "报告"},
    "report": {"en": "report", "zh": "报告"},
    "until": {"en": "up to", "zh": "截至"},
    "file": {"en": "file", "zh": "文件"},
    "link": {"en": "open", "zh": "查看"},
    "large": {"en": "too large for a mail", "zh": "文件过大,未附上"},
}


class Attempt(BaseModel):
    """One attempt to bring one report to one channel.

    Parameters
    ----------
    schedule, channel : str
        Names.
    due : datetime
        Which report.
    state : {"arrived", "failed", "expired"}
        Expired: it is no news any more, and is not tried again.
    told : str
        What the receiver, or the error, said.
    at : datetime
        When.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schedule: str
    due: datetime
    channel: str
    state: Literal["arrived", "failed", "expired"]
    told: str
    at: datetime


class Deliveries(Journal[Attempt]):
    """The attempts of a workspace, ``<workspace>/deliveries.jsonl``."""

    def __init__(self, root: Path) -> None:
        super().__init__(Path(root) / "deliveries.jsonl", Attempt)

    def over(self) -> set[tuple[str, datetime, str]]:
        """Return schedule, time and channel of what arrived or expired."""
        return {(a.schedule, a.due, a.channel) for a in self if a.state != "failed"}


def checked(schedules: Mapping[str, Schedule], delivery: Delivery) -> None:
    """Compare the channels of schedules with those there are.

    Raises
    ------
    ValueError
        If a schedule names another one.
    """
    for name, schedule in schedules.items():
        unknown = [channel for channel in schedule.to if channel not in delivery.channels]
        if unknown:
            known = ", ".join(delivery.channels) or "none"
            raise ValueError(
                f"schedules.{name}.to: no channel {unknown[0]!r}; there are {known}: copy "
                "conf/delivery/example.yaml and choose it with delivery=NAME"
            )


def deliver_made(
    schedules: Mapping[str, Schedule],
    runs: list[Run],
    deliveries: Deliveries,
    delivery: Delivery,
    now: datetime,
    *,
    sleep: Sleep = time.sleep,
) -> dict[str, int]:
    """Bring every report that was made to the channels it has not arrived at.

    Returns
    -------
    dict of str to int
        How many ``arrived``, ``failed`` (and are tried again by the next call) or ``expired``.
    """
    outcome = dict.fromkeys(("arrived", "failed", "expired"), 0)
    deliveries.file.parent.mkdir(parents=True, exist_ok=True)
    with deliveries.lock:  # of two calls at the same time the second finds nothing waiting
        for name, run, channel in _waiting(schedules, runs, deliveries):
            if now - run.at > timedelta(hours=delivery.stale_hours):
                told = f"older than {delivery.stale_hours:g} hours"
                deliveries.add(_attempt(run, channel, "expired", told, now))
                outcome["expired"] += 1
                continue
            arrived = _brought(schedules[name], run, channel, deliveries, delivery, sleep=sleep)
            outcome["arrived" if arrived else "failed"] += 1
    return outcome


def _waiting(
    schedules: Mapping[str, Schedule], runs: list[Run], deliveries: Deliveries
) -> Iterator[tuple[str, Run, str]]:
    over = deliveries.over()
    for run in runs:
        schedule = schedules.get(run.schedule)
        if schedule is None or run.status != "done":
            continue
        for channel in schedule.to:
            if (run.schedule, run.due, channel) not in over:
                yield run.schedule, run, channel


def _brought(
    schedule: Schedule,
    run: Run,
    channel: str,
    deliveries: Deliveries,
    delivery: Delivery,
    *,
    sleep: Sleep,
) -> bool:
    def keep(arrived: bool, told: str, at: datetime) -> None:
        deliveries.add(_attempt(run, channel, "arrived" if arrived else "failed", told, at))

    if not Path(run.file).is_file():
        keep(False, f"the file {run.file} is gone", datetime.now(UTC))
        return False

    def parcel_in(lang: Language) -> Parcel:
        return parcel_of(schedule, run, channel, lang)

    return tried(parcel_in, delivery.channels.get(channel), keep, name=channel, sleep=sleep)


def parcel_of(schedule: Schedule, run: Run, channel: str, lang: Language) -> Parcel:
    """Return what is sent of a report: its file to mailboxes, words and a link to all."""
    file, day = Path(run.file), schedule.until(run.due)
    link = schedule.address(run.schedule, run.due)
    large = file.stat().st_size > _MOST_BYTES
    told = {
        "report": schedule.report,
        "until": f"{day} 00:00 {schedule.zone}",
        "file": f"{file.name}: {_WORDS['large'][lang]}" if large else file.name,
        "link": link,
    }
    facts = {"schedule": run.schedule, "report": schedule.report, "due": run.due.isoformat()}
    return Parcel(
        id=re.sub(r"[^A-Za-z0-9-]+", "-", f"{run.schedule}-{run.due:%Y%m%dT%H%M}-{channel}"),
        message=Message(
            title=f"{_WORDS['title'][lang]}: {shown(run.schedule)}, {day}",
            facts={_WORDS[name][lang]: fact for name, fact in told.items() if fact},
        ),
        severity="info",
        facts={
            "type": "report.made",
            "report": facts | {"until": day, "file": file.name, "link": link or None},
        },
        files=() if large else (file,),
    )


def _attempt(
    run: Run, channel: str, state: Literal["arrived", "failed", "expired"], told: str, at: datetime
) -> Attempt:
    return Attempt(
        schedule=run.schedule, due=run.due, channel=channel, state=state, told=told, at=at
    )
