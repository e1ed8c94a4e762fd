"""What is kept survives kills and two at a time, and nothing is found twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.workspace import Workspace
from insights.alerts.book import Book
from insights.alerts.calendar import moment
from insights.alerts.database import alerts_of
from insights.alerts.desk import Desk, NoAlertError
from insights.alerts.incidents import Following
from tests.insights.alerts.sample import HOUR, hours, rule

HOUSE = Path(__file__).resolve().parents[3]
NOW = datetime(2026, 3, 2, tzinfo=UTC)
RULE = rule("threshold", name="busy", finding="volume", above=5)


@pytest.fixture
def workspace(tmp_path: Path, state_url: str | None) -> Workspace:
    return Workspace(tmp_path / "shop", state_url)


def kept(book: Book, before: int | None, until: int) -> bool:
    following = Following(RULE, {})
    following.follow(hours([True, False]))
    incident = following.incidents[0]
    notices = [(incident.id, "opened", "mail", "pending")]
    return book.record(
        "busy", before=before, until=until, steps=following.steps, notices=notices, at=NOW
    )


def test_of_two_evaluations_of_the_same_buckets_one_counts(workspace: Workspace) -> None:
    book = Book(workspace)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: kept(Book(workspace), None, 2 * HOUR), range(4)))
    assert sorted(found) == [False, False, False, True]
    assert book.judged_until("busy") == 2 * HOUR
    assert len(book.incidents("busy")) == len(book.pending()) == 1


def test_the_same_incident_is_told_once_even_if_it_is_found_again(workspace: Workspace) -> None:
    book = Book(workspace)
    assert kept(book, None, HOUR)
    (notice,) = book.pending()
    book.attempted(notice.id, arrived=True, told="ok", at=NOW)
    assert kept(book, HOUR, 2 * HOUR)
    assert book.pending() == []
    steps = [row["what"] for row in Desk(workspace).history(notice.incident.id)]
    assert steps == ["opened", "closed", "opened to mail"]


def test_a_transaction_that_fails_keeps_nothing(workspace: Workspace) -> None:
    book = Book(workspace)
    following = Following(RULE, {})
    following.follow(hours([True]))
    wrong = [("unknown", "opened", "mail", "pending")]
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        book.record("busy", before=None, until=1, steps=following.steps, notices=wrong, at=NOW)
    assert book.judged_until("busy") is None
    assert book.incidents("busy") == []


def test_a_process_killed_while_it_writes_leaves_whole_evaluations(workspace: Workspace) -> None:
    script = textwrap.dedent(f"""
        from pathlib import Path
        from ingest.workspace import Workspace
        from insights.alerts.book import Book
        from insights.alerts.incidents import Following
        from tests.insights.alerts.sample import HOUR, hours
        from tests.insights.alerts.test_book import NOW, RULE
        book, until = Book(Workspace(Path({str(workspace.root)!r}), {workspace.state!r})), None
        while True:
            following = Following(RULE, {{}})
            following.follow(hours([True, True, False], begin=3 * ((until or 0) // HOUR)))
            then = (until or 0) + HOUR
            book.record("busy", before=until, until=then, steps=following.steps, at=NOW)
            until = then
    """)
    process = subprocess.Popen([sys.executable, "-c", script], cwd=HOUSE)
    book = Book(workspace)
    try:
        deadline = time.monotonic() + 60
        while not (alerts_of(workspace).exists() and len(book.incidents("busy")) >= 3):
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    found, until = book.incidents("busy"), book.judged_until("busy")
    assert until == len(found) * HOUR
    assert {(incident.status, incident.buckets) for incident in found} == {("closed", 2)}


def test_two_processes_that_evaluate_at_once_raise_each_alert_once(workspace: Workspace) -> None:
    script = textwrap.dedent(f"""
        from pathlib import Path
        from ingest.workspace import Workspace
        from insights.alerts.book import Book
        from insights.alerts.incidents import Following
        from tests.insights.alerts.sample import HOUR, hours
        from tests.insights.alerts.test_book import NOW, RULE
        book = Book(Workspace(Path({str(workspace.root)!r}), {workspace.state!r}))
        kept = until = 0
        while until < 40 * HOUR:
            before = book.judged_until("busy")
            until = (before or 0) + HOUR
            following = Following(RULE, {{}})
            following.follow(hours([True, False], begin=2 * until // HOUR))
            told = {{"before": before, "until": until, "steps": following.steps, "at": NOW}}
            kept += book.record("busy", **told) if until <= 40 * HOUR else 0
        print(kept)
    """)
    call = [sys.executable, "-c", script]
    both = [subprocess.Popen(call, cwd=HOUSE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    kept = [int(process.communicate(timeout=120)[0]) for process in both]
    assert sum(kept) == 40
    assert len(Book(workspace).incidents("busy")) == 40


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    file = workspace.state_file
    file.parent.mkdir(parents=True)
    file.write_text("nothing of the kind " * 100, encoding="utf-8")
    with pytest.raises(ValueError, match="expected an SQLite database"):
        Book(workspace).judged_until("busy")


def test_what_people_said_is_shown_beside_the_alert(workspace: Workspace) -> None:
    kept(Book(workspace), None, HOUR)
    desk = Desk(workspace)
    (alert,) = desk.page().alerts
    assert (alert["status"], alert["acknowledged"], alert["muted_until"]) == ("closed", None, None)
    assert alert["started_at"] == moment(0)
    desk.acknowledge(alert["id"], by="ann", note="seen", at=NOW)
    noted = desk.one(alert["id"])["acknowledged"]
    assert noted == {"by": "ann", "at": NOW, "note": "seen", "false_alarm": False}
    with pytest.raises(NoAlertError, match="no alert 'x'"):
        desk.acknowledge("x", by="ann")
