"""The rows of the benchmark as a table for people."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from training.textbench.row import Row


def show(rows: Sequence[Row], console: Console | None = None) -> None:
    """Write a table of rows to the console; what misses its reference stands out."""
    table = Table(title="Text benchmark", title_justify="left")
    for name in ("dataset", "protocol", "model", "metric"):
        table.add_column(name, overflow="fold")
    for name in ("value", "95 %", "reference", "n", "s"):
        table.add_column(name, justify="right", no_wrap=True)
    previous = None
    for row in rows:
        key = (row.dataset, row.protocol)
        if previous is not None and key != previous:
            table.add_section()
        shown = key if key != previous else ("", "")
        previous = key
        missed = row.reference is not None and row.value < row.reference
        table.add_row(
            *shown, row.model, row.metric, *_figures(row), style="red" if missed else None
        )
    (console or Console()).print(table)


def _figures(row: Row) -> tuple[str, str, str, str, str]:
    interval = "" if row.low is None or row.high is None else f"{row.low:.3f} – {row.high:.3f}"
    reference = "" if row.reference is None else f"{row.reference:.3f}"
    seconds = "" if row.seconds is None else f"{row.seconds:.1f}"
    return f"{row.value:.4f}", interval, reference, "" if row.n is None else f"{row.n:,}", seconds
