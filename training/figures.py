"""The table of benchmark figures: what was measured, against what, and the ratio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

COMMAND = "python tests/benchmarks/{}.py"
_LARGE = 100
_HEAD = ("command", "measured on", "metric", "value", "against", "reference", "ratio")


def render_figures(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a markdown table, one line a figure, ordered by benchmark.

    Parameters
    ----------
    rows : sequence of mapping
        Rows of a report (:class:`training.report.Row`) whose model is the name of the benchmark,
        whose dataset says what was measured and whose protocol says against what.
    """
    table = ["| " + " | ".join(_HEAD) + " |", "|" + " --- |" * len(_HEAD)]
    for row in sorted(rows, key=lambda row: str(row["model"])):
        command = f"`{COMMAND.format(row['model'])}`"
        figures = [_number(row.get(name)) for name in ("value", "reference", "ratio")]
        value, reference, ratio = figures
        cells = [command, row["dataset"], row["metric"], value]
        cells += [row["protocol"] or "–", reference, ratio]
        table.append("| " + " | ".join(cells) + " |")
    return "\n".join(table) + "\n"


def _number(value: float | None) -> str:
    """Return three digits of a number, all of a large one."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= _LARGE else f"{value:.3g}"
