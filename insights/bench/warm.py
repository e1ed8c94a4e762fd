"""Questions to tables that are open: the whole report, and every finding filtered."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from tqdm import tqdm

from ingest.sources.simulation.traffic import CHANNELS, LABELS, SEGMENTS
from ingest.workspace import Workspace
from insights.filters import Filters
from insights.finding import Finding
from insights.listing import SORTS, page
from insights.registry import FINDINGS
from insights.report import Report, render
from insights.settings import InsightSettings
from insights.tables import Tables
from training.memory import peak_mb

PAGE = 50  # conversations a page
FILTERS = {
    "channel": Filters(channel=CHANNELS[:1]),
    "agent": Filters(agent=("agent0",)),
    "label": Filters(label=LABELS[:1]),
    "segment": Filters(segment=SEGMENTS[:1]),
}


@dataclass(frozen=True)
class Warm:
    """Seconds of warm questions.

    Attributes
    ----------
    open_seconds : float
        Until conversations and turns were computed.
    report_seconds : float
        Of the whole report.
    filtered : dict of (str, str) to float
        Finding and filter -> seconds, the median of the rounds.
    listed : tuple of float
        Seconds of each filtered and sorted page of conversations.
    left_out : dict of str to str
        Findings that could not be asked -> why.
    peak_mb : float
        Most memory of the process.
    """

    open_seconds: float
    report_seconds: float
    filtered: Mapping[tuple[str, str], float]
    listed: Sequence[float]
    left_out: Mapping[str, str]
    peak_mb: float

    @property
    def slowest(self) -> tuple[str, float]:
        """The question that took longest, and how long."""
        key = max(self.filtered, key=lambda each: self.filtered[each])
        return " by ".join(key), self.filtered[key]

    @property
    def median(self) -> float:
        """Median of all questions."""
        return statistics.median(self.filtered.values())

    @property
    def listed_p95(self) -> float:
        """What 95 of 100 pages of conversations did not exceed."""
        return statistics.quantiles(self.listed, n=20, method="inclusive")[-1]

    def by_finding(self) -> dict[str, float]:
        """Return the slowest question of each finding."""
        names = dict.fromkeys(name for name, _ in self.filtered)
        return {
            name: max(seconds for (of, _), seconds in self.filtered.items() if of == name)
            for name in names
        }


def warm(workspace: Workspace, settings: InsightSettings, report: Report, rounds: int) -> Warm:
    """Open the tables of a workspace and ask everything of them.

    Parameters
    ----------
    workspace : Workspace
        The business.
    settings : InsightSettings
        Gaps, hours and promises.
    report : Report
        What is written.
    rounds : int
        How often each question is asked.
    """
    tables = Tables(workspace, settings)
    opened = _seconds(lambda: tables.chats)
    render(report, tables, Filters())  # libraries are imported, plans are known
    written = _seconds(lambda: render(report, tables, Filters()))
    filtered: dict[tuple[str, str], float] = {}
    left_out: dict[str, str] = {}
    for finding in tqdm(FINDINGS.values(), desc="findings", unit=" findings", dynamic_ncols=True):
        try:
            found = {(finding.id, name): s for name, s in _asked(finding, tables, rounds)}
        except (OSError, ValueError, LookupError) as error:  # such as: no texts were analyzed
            left_out[finding.id] = str(error)
        else:
            filtered |= found
    listed = list(_listed(tables, rounds))
    return Warm(opened, written, filtered, listed, left_out, peak_mb())


def _listed(tables: Tables, rounds: int) -> Iterator[float]:
    """Yield the seconds of pages of conversations by every filter and order, asked once before."""
    asked = [
        partial(page, tables, filters, sort=sort, limit=PAGE)
        for filters in FILTERS.values()
        for sort in (f"{sign}{name}" for name in SORTS for sign in ("", "-"))
    ]
    for ask in asked:
        ask()
    for _ in range(rounds):
        yield from (_seconds(ask) for ask in asked)


def _asked(finding: Finding, tables: Tables, rounds: int) -> Iterator[tuple[str, float]]:
    """Yield filter and seconds of every filter that the finding has, asked once before."""
    finding.table(tables, Filters())
    for name, filters in FILTERS.items():
        if name in finding.filtered_by:
            times = [_seconds(partial(finding.table, tables, filters)) for _ in range(rounds)]
            yield name, statistics.median(times)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
