"""Import, report and filtered findings over simulated messages, and the memory they take."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from insights.bench.figures import (
    FILTERED_SECONDS,
    IMPORT_SECONDS,
    LISTED_SECONDS,
    PEAK_MB,
    REPORT_SECONDS,
    figure,
    limit,
)
from insights.bench.imported import Imported, imported
from insights.bench.process import apart, run
from insights.bench.settings import Bench, told
from insights.bench.warm import PAGE, Warm, warm
from training.memory import peak_mb
from training.report import Row

_log = logging.getLogger(__name__)


def measure(bench: Bench) -> Iterator[Row]:
    """Yield the rows of every size, the smallest first."""
    for size in sorted(bench.sizes):
        yield from _of(bench, size)


def _of(bench: Bench, size: int) -> Iterator[Row]:
    dataset, found = told(size), imported(bench, size)
    cost = found.cost
    yield figure(
        dataset, "import", "import_seconds", cost.seconds, limit(IMPORT_SECONDS, size),
        protocol="python -m ingest, JSON Lines", n=size, peak_mb=cost.peak_mb,
    )  # fmt: skip
    cold = run(["insights", "report=weekly", *_told(bench, found)])
    yield figure(
        dataset, "weekly report, cold", "report_seconds", cold.seconds,
        limit(REPORT_SECONDS, size), protocol="python -m insights", peak_mb=cold.peak_mb,
    )  # fmt: skip
    asked = apart(warm, found.workspace, bench.insights, bench.report, bench.rounds)
    peaks = {"import": cost.peak_mb, "cold report": cold.peak_mb}
    peaks["findings"] = asked.peak_mb + peak_mb()
    yield figure(
        dataset, "weekly report, warm", "report_seconds", asked.report_seconds,
        limit(REPORT_SECONDS, size), protocol="tables open", peak_mb=asked.peak_mb,
    )  # fmt: skip
    yield from _filtered(dataset, size, asked)
    yield figure(
        dataset, "page of conversations, 95 of 100", "listed_seconds", asked.listed_p95,
        limit(LISTED_SECONDS, size), protocol=f"{PAGE} rows, filtered, every order; tables open",
        n=len(asked.listed),
    )  # fmt: skip
    largest = max(peaks, key=lambda name: peaks[name])
    yield figure(
        dataset, "all processes", "peak_mb", peaks[largest], limit(PEAK_MB, size),
        protocol="largest of import, report and findings",
    )  # fmt: skip
    _log.info("%s: most memory while %s", dataset, largest)


def _told(bench: Bench, found: Imported) -> list[str]:
    page = found.workspace.root / "report.html"
    place = [f"workspace={found.workspace.name}", f"data_dir={found.workspace.root.parent}"]
    return [*place, *bench.command, f"out={page}"]


def _filtered(dataset: str, size: int, asked: Warm) -> Iterator[Row]:
    for name, why in asked.left_out.items():
        _log.info("%s is left out: %s", name, why)
    protocol = "by channel, agent, label, segment; tables open"
    most = limit(FILTERED_SECONDS, size)
    for model, seconds in (("slowest", asked.slowest[1]), ("median", asked.median)):
        yield figure(
            dataset, f"filtered findings, {model}", "filtered_seconds", seconds, most,
            protocol=protocol, n=len(asked.filtered),
        )  # fmt: skip
    _log.info("%s: slowest is %s", dataset, asked.slowest[0])
    for finding, seconds in asked.by_finding().items():
        yield figure(dataset, finding, "filtered_seconds", seconds, most, protocol=protocol)
