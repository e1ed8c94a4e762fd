"""Alerts in a file and on a PostgreSQL server of this machine: milliseconds a call.

``python tests/benchmarks/bench_state.py``; the server is started here and removed afterwards.
"""

# ruff: noqa: T201 (a script prints)

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ingest.state.moving import to_file, to_server
from ingest.workspace import Workspace
from insights.alerts.book import Book
from insights.alerts.desk import Desk
from insights.alerts.incidents import Following
from tests.insights.alerts.sample import HOUR, hours, rule
from tests.postgres_server import running

CALLS = 100
NOW = datetime(2026, 3, 2, tzinfo=UTC)
RULE = rule("threshold", name="busy", finding="volume", above=5)


def evaluate(book: Book, number: int) -> None:
    """Keep one incident and a notice about it, as an evaluation does."""
    following = Following(RULE, {})
    following.follow(hours([True, True, False], begin=3 * number))
    notices = [(following.incidents[0].id, "opened", "mail", "pending")]
    before = number * HOUR if number else None
    told = {"before": before, "until": (number + 1) * HOUR, "at": NOW}
    assert book.record("busy", steps=following.steps, notices=notices, **told)


def milliseconds(call: Callable[[int], object], times: int = CALLS) -> float:
    """Return the mean time of a call."""
    start = time.perf_counter()
    for number in range(times):
        call(number)
    return (time.perf_counter() - start) / times * 1000


def measure(workspace: Workspace) -> tuple[float, float, float]:
    """Return milliseconds of keeping an evaluation, of reading one number and of a page."""
    book, desk = Book(workspace), Desk(workspace)
    kept = milliseconds(lambda number: evaluate(book, number))
    read = milliseconds(lambda _: book.judged_until("busy"))
    return kept, read, milliseconds(lambda _: desk.page(limit=50))


def main() -> None:
    """Measure both and print a table."""
    with running(durable=True) as url, TemporaryDirectory() as folder:
        print("| | evaluation kept | number read | page of 50 alerts |\n|---|---|---|---|")
        for name, state in (("file", None), ("server", url)):
            times = measure(Workspace(Path(folder) / name, state))
            print(f"| {name} | " + " | ".join(f"{each:.1f}" for each in times) + " |")
        there = Workspace(Path(folder) / "file", url)
        to = milliseconds(lambda _: to_server(there), 1)
        back = milliseconds(lambda _: to_file(there), 1)
        print(f"\n{CALLS} alerts moved to the server: {to:.0f} ms, back: {back:.0f} ms")


if __name__ == "__main__":
    main()
