"""``python -m insights experiment=benchmark_insights``: every measurement, one table of rows."""

from __future__ import annotations

import logging
from concurrent.futures import BrokenExecutor
from pathlib import Path
from time import perf_counter
from typing import Any

from omegaconf import DictConfig, OmegaConf
from rich.console import Console
from rich.table import Table
from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from insights.bench.settings import Bench
from insights.settings import InsightSettings
from training.report import Row, write_rows

_log = logging.getLogger(__name__)
_MISTAKES = (ValueError, OSError, MemoryError, BrokenExecutor)  # the last: a process was ended


def benchmark(config: DictConfig, insights: InsightSettings) -> None:
    """Measure, show, and keep every row in ``data/reports/benchmark_insights.json`` at once.

    Raises
    ------
    ValueError
        If a setting is wrong and nothing was measured, or a measurement failed; the others were
        done and kept.
    """
    bench = settings_of(config, insights)
    measures = bench.chosen()
    rows: list[Row] = []
    failures: list[str] = []
    with logging_redirect_tqdm(), tqdm(measures, unit=" measures", dynamic_ncols=True) as bar:
        for name in bar:
            bar.set_description(name)
            started = perf_counter()
            try:
                for row in measures[name](bench):
                    rows.append(row)
                    write_rows(bench.kept, [row])
                    _log.info("%s, %s: %s %.4g", row.dataset, row.model, row.metric, row.value)
            except _MISTAKES as error:
                _log.debug("failed", exc_info=True)
                _log.error("%s failed: %s", name, error)
                failures.append(f"{name}: {error}")
            _log.info("%s: %.1f s", name, perf_counter() - started)
    show(rows)
    if failures:
        raise ValueError("; ".join(failures))


def settings_of(config: DictConfig, insights: InsightSettings) -> Bench:
    """Check the part ``bench`` of a configuration.

    Raises
    ------
    ValueError
        If a key is unknown or missing.
    """
    told: dict[str, Any] = OmegaConf.to_container(config.bench, resolve=True)  # type: ignore[assignment]
    report = OmegaConf.to_container(config.report, resolve=True)
    kept = Path(config.data_dir) / "reports" / "benchmark_insights.json"
    return Bench.model_validate({**told, "report": report, "insights": insights, "kept": kept})


def show(rows: list[Row], console: Console | None = None) -> None:
    """Write a table of rows to the console; what misses its limit stands out."""
    table = Table(title="Benchmark of insights", title_justify="left")
    for name in ("data", "what", "metric"):
        table.add_column(name, overflow="fold")
    for name in ("value", "asked", "n", "peak MB"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        missed = row.reference is not None and row.value > row.reference
        counts = (row.n, None if row.peak_mb is None else round(row.peak_mb))
        table.add_row(
            row.dataset,
            row.model,
            row.metric,
            f"{row.value:,.3g}" if row.value < 100 else f"{row.value:,.0f}",  # noqa: PLR2004
            "" if row.reference is None else f"{row.reference:,g}",
            *("" if number is None else f"{number:,}" for number in counts),
            style="red" if missed else None,
        )
    (console or Console()).print(table)
