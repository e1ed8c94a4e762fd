"""Schedules: due times over clock changes, catch-up, failures, crashes, and the verb."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from insights.schedule import overview
from insights.schedules.history import History, Run
from insights.schedules.plan import Schedule
from insights.schedules.run import owed, run_due
from tests.insights.script import write

ROOT = Path(__file__).resolve().parents[2]
MONDAY = Schedule(report="weekly", cron="0 8 * * mon", zone="Asia/Shanghai")
DAILY = Schedule(report="weekly", cron="30 2 * * *", zone="Europe/Berlin", catch_up=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_due_times_are_those_of_the_local_clock() -> None:
    assert list(MONDAY.times(at("2026-03-01"), at("2026-03-16T00:00"))) == [
        at("2026-03-02T00:00"), at("2026-03-09T00:00"), at("2026-03-16T00:00"),
    ]  # fmt: skip
    assert MONDAY.last(at("2026-03-08T23:59")) == at("2026-03-02T00:00")
    assert MONDAY.next(at("2026-03-09T00:00")) == at("2026-03-16T00:00")
    assert MONDAY.file("w", at("2026-03-01T16:30")) == Path("data/reports/w-2026-03-02.pdf")
    assert MONDAY.until(at("2026-03-01T16:30")) == "2026-03-02"


def test_each_day_counts_once_where_the_clock_is_changed() -> None:
    autumn = list(DAILY.times(at("2026-10-23T12:00"), at("2026-10-26T12:00")))
    spring = list(DAILY.times(at("2026-03-27T12:00"), at("2026-03-30T12:00")))
    assert len(autumn) == len(spring) == 3
    assert [str(due.date()) for due in autumn] == ["2026-10-24", "2026-10-25", "2026-10-26"]


@given(start=st.integers(0, 5_000), hours=st.integers(0, 23),
       cuts=st.lists(st.integers(0, 60), max_size=6))  # fmt: skip
def test_asking_in_pieces_gives_the_same_times(start: int, hours: int, cuts: list[int]) -> None:
    begin = at("2020-01-01") + timedelta(days=start, hours=hours)
    marks = [begin, *(begin + timedelta(days=d) for d in sorted(cuts)), begin + timedelta(days=61)]
    pieces = [due for a, b in pairwise(marks) for due in DAILY.times(a, b)]
    assert pieces == list(DAILY.times(marks[0], marks[-1]))


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"cron": "0 8 * * 1"}, "name the weekday"),
        ({"cron": "8 o'clock"}, "such as '0 8"),
        ({"cron": "99 8 * * mon"}, "expected minute"),
        ({"out": "week.docx"}, "ending in .html or .pdf"),
        ({"zone": "Mars/Base"}, "unknown time zone"),
    ],
)
def test_what_cannot_be_read_is_explained(told: dict[str, str], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Schedule.model_validate({"report": "weekly", "cron": "0 8 * * mon"} | told)


def test_missed_reports_are_made_and_the_oldest_of_too_many_skipped(tmp_path: Path) -> None:
    history, made = History(tmp_path), []

    def make(name: str, schedule: Schedule, due: datetime) -> None:
        made.append(due)

    plans = {"d": DAILY}
    assert [run.status for run in run_due(plans, history, at("2026-05-01T06:00"), make)] == ["done"]
    assert made == [at("2026-05-01T00:30")]
    assert run_due(plans, history, at("2026-05-01T07:00"), make) == []
    runs = run_due(plans, history, at("2026-05-05T06:00"), make)
    assert [(run.due.day, run.status) for run in runs] == [
        (2, "skipped"), (3, "skipped"), (4, "done"), (5, "done"),
    ]  # fmt: skip
    assert list(history)[1:] == runs
    assert overview(plans, history, at("2026-05-05T06:00"))[0].endswith(
        "'30 2 * * *' Europe/Berlin, next 2026-05-06T00:30:00+00:00"
    )


def test_a_failure_is_recorded_tried_again_and_holds_up_nobody(tmp_path: Path) -> None:
    history, broken = History(tmp_path), True

    def make(name: str, schedule: Schedule, due: datetime) -> None:
        if name == "d" and broken:
            raise ValueError("no such workspace")

    plans = {"d": DAILY, "m": MONDAY}
    runs = run_due(plans, history, at("2026-05-05T06:00"), make)
    assert [(r.schedule, r.status) for r in runs] == [("d", "failed"), ("m", "done")]
    assert runs[0].error == "ValueError: no such workspace"
    assert run_due({"d": DAILY}, history, at("2026-05-06T06:00"), make)[-1].status == "failed"
    broken = False
    again = run_due(plans, history, at("2026-05-06T07:00"), make)
    assert [(r.due.day, r.status) for r in again] == [(5, "done"), (6, "done")]
    assert owed(DAILY, "d", history, at("2026-05-06T08:00")) == []


def test_a_line_that_a_crash_cut_short_is_made_again(tmp_path: Path) -> None:
    history = History(tmp_path)
    for day in (1, 2):
        history.add(
            Run(schedule="d", due=at(f"2026-05-0{day}"), status="done", at=at("2026-05-03"))
        )
    whole = history.file.read_bytes()
    history.file.write_bytes(whole[:-20])
    assert [run.due.day for run in history] == [1]
    history.add(Run(schedule="d", due=at("2026-05-02"), status="done", at=at("2026-05-03")))
    assert history.file.read_bytes() == whole


@pytest.mark.slow
def test_from_the_command_line(tmp_path: Path) -> None:
    write(tmp_path, "10:00 a customer:c1\n10:07 a agent:ann\n")
    few = "schedules.weekly.settings=['report.days=3']"
    call = [sys.executable, "-m", "insights.schedule", "workspace=shop", f"data_dir={tmp_path}",
            few, f"schedules.weekly.out='{tmp_path}/{{name}}-{{day}}.html'"]  # fmt: skip

    def answer(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*call, *more], cwd=ROOT, capture_output=True, text=True, check=False)

    first = answer()
    assert first.returncode == 0, first.stderr
    assert ": done" in first.stdout
    written = list(tmp_path.glob("weekly-*.html"))
    assert "Weekly message report" in written[0].read_text(encoding="utf-8")
    assert answer().stdout == "nothing is due\n"
    assert "next" in answer("list=true").stdout
    wrong = answer("schedules.weekly.cron='0 8 * * 1'")
    assert wrong.returncode == 2
    assert "name the weekday" in wrong.stderr
