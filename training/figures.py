"""Tables of figures that are no ranking: benchmarks of speed, and of text analysis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

COMMAND = "python tests/benchmarks/{}.py"
SATISFACTION = "USS "  # data sets of satisfaction have names that begin so
_LARGE = 100
_DELETED = ("comprehensiveness over chance", "sufficiency over chance", "named first")
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


def render_growth(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a markdown table, one line a model and metric, one column a size of the data.

    Parameters
    ----------
    rows : sequence of mapping
        Rows of a report whose protocol is the size (``1x``) or ``slope``.
    """
    columns = list(dict.fromkeys(row["protocol"] for row in rows))
    lines: dict[tuple[str, str], dict[str, float]] = {}
    for row in rows:
        lines.setdefault((row["metric"], row["model"]), {})[row["protocol"]] = row["value"]
    table = ["| " + " | ".join(["model", "metric", *columns]) + " |"]
    table.append("|" + " --- |" * (2 + len(columns)))
    for (metric, model), values in sorted(lines.items(), key=lambda line: line[0][0], reverse=True):
        cells = [model, metric, *(_number(values.get(name)) for name in columns)]
        table.append("| " + " | ".join(cells) + " |")
    return "\n".join(table) + "\n"


def render_deletions(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a markdown table, one line a model and kind of reason, intervals in brackets.

    Parameters
    ----------
    rows : sequence of mapping
        Rows of a report whose model is ``model, reason`` and whose metrics are those of
        :mod:`training.faithfulness`.
    """
    lines: dict[str, dict[str, str]] = {}
    for row in rows:
        low, high = row.get("low"), row.get("high")
        text = format(row["value"], ".3f")
        text = text if low is None else f"{text} [{low:.3f}, {high:.3f}]"
        lines.setdefault(row["model"], {})[row["metric"]] = text
    table = ["| " + " | ".join(["model, reasons", *_DELETED]) + " |"]
    table.append("|" + " --- |" * (1 + len(_DELETED)))
    for model, values in lines.items():
        cells = [model, *(values.get(name, "–") for name in _DELETED)]
        table.append("| " + " | ".join(cells) + " |")
    return "\n".join(table) + "\n"


def render_limits(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a markdown table, one line a figure, with the most that is asked for beside it.

    Parameters
    ----------
    rows : sequence of mapping
        Rows of a report; ``reference`` is the limit, ``peak_mb`` the memory meanwhile.
    """
    head = ("data", "what", "how", "metric", "value", "asked at most", "peak MB")
    table = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for row in rows:
        names = [row["dataset"], row["model"], row["protocol"] or "–", row["metric"]]
        cells = [*names, *(_number(row.get(name)) for name in ("value", "reference", "peak_mb"))]
        table.append("| " + " | ".join(cells) + " |")
    return "\n".join(table) + "\n"


def render_texts(rows: Sequence[Mapping[str, Any]], *, floors: bool) -> str:
    """Return a markdown table of the text benchmark, one line a figure.

    Parameters
    ----------
    rows : sequence of mapping
        Rows of a report; ``reference`` is the floor that a figure is held against.
    floors : bool
        Only figures with a floor, of which the best model stands for the rest. Else all of them
        but those of satisfaction, which have a table of their own; of precision, recall and F1 the
        last.
    """
    head = ("data", "protocol", "model", "metric", "value", "texts", "floor")
    shown = _best(rows) if floors else _without_parts(rows)
    table = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for row in shown:
        interval = f" [{row['low']:.3f}, {row['high']:.3f}]" if row.get("low") is not None else ""
        names = [row[name] for name in ("dataset", "protocol", "model", "metric")]
        texts = "–" if row.get("n") is None else f"{row['n']:,}"
        floor = "–" if row.get("reference") is None else f"{row['reference']:.3f}"
        cells = [*names, f"{row['value']:.3f}{interval}", texts, floor]
        table.append("| " + " | ".join(cells) + " |")
    return "\n".join(table) + "\n"


def render_satisfaction(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a markdown table of estimated satisfaction, one line a model, one column a metric.

    Parameters
    ----------
    rows : sequence of mapping
        Rows of the text benchmark; those of its other parts are left out.
    """
    lines: dict[tuple[str, str, str, str], dict[str, str]] = {}
    for row in filter(_of_satisfaction, rows):
        key = (row["dataset"], row["protocol"], row["model"], f"{row['n']:,}")
        ends = f" [{row['low']:.3f}, {row['high']:.3f}]"
        lines.setdefault(key, {})[row["metric"]] = f"{row['value']:.3f}{ends}"
    metrics = list(dict.fromkeys(name for found in lines.values() for name in found))
    table = ["| " + " | ".join(["data", "protocol", "model", "rated", *metrics]) + " |"]
    table.append("|" + " --- |" * (4 + len(metrics)))
    for key, found in lines.items():
        cells = [*key, *(found.get(name, "–") for name in metrics)]
        table.append("| " + " | ".join(cells) + " |")
    return "\n".join(table) + "\n"


def _of_satisfaction(row: Mapping[str, Any]) -> bool:
    return str(row["dataset"]).startswith(SATISFACTION)


def _without_parts(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the rows without precision and recall where their F1 is there."""
    named = {(row["dataset"], row["protocol"], row["model"], row["metric"]) for row in rows}
    return [
        row
        for row in rows
        if not _of_satisfaction(row)
        and (
            row["metric"] not in ("precision", "recall")
            or (row["dataset"], row["protocol"], row["model"], "f1") not in named
        )
    ]


def _best(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the rows with a floor, of each question the one with the largest value."""
    found: dict[tuple[str, str, str], Mapping[str, Any]] = {}
    for row in rows:
        key = (row["dataset"], row["protocol"], row["metric"])
        if row.get("reference") is not None and (
            key not in found or row["value"] > found[key]["value"]
        ):
            found[key] = row
    return list(found.values())


def _number(value: float | None) -> str:
    """Return three digits of a number, all of a large one."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= _LARGE else f"{value:.3g}"
