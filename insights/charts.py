"""Charts of findings as SVG: text stays text, so that it can be read, searched and copied."""

from __future__ import annotations

import re
import warnings
from io import StringIO

import numpy as np
import pandas as pd
from matplotlib import colormaps, rc_context
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from insights.answer import Answer
from insights.finding import Chart

SIZE = (8.5, 2.8)  # inches
_COLORS = ("#2f6db5", "#d9822b", "#3b9c6d", "#8a5bb5", "#c2483f", "#7a869a")
_SETTINGS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "insights",  # the same table draws the same file
    "font.family": "sans-serif",
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_MANY = 12  # labels on an axis
_FEW = 5  # bars that fill the width


def draw(answer: Answer, chart: Chart) -> str:
    """Return a chart of a finding's table as an SVG element, empty if there is nothing to draw."""
    table = answer.table
    column = answer.finding.drawn
    shown = table[table[column].notna()] if column in table else table.head(0)
    if shown.empty:
        return ""
    with rc_context(_SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # the reader's fonts draw it
        figure = Figure(figsize=SIZE, layout="constrained")
        axes = figure.subplots()
        unit = "count" if column == "count" else f"{column}, {answer.finding.unit}"
        if column == "agents":
            unit = "agents"
        {"line": _line, "bar": _bar, "heatmap": _heatmap}[chart](axes, shown, column, unit)
        page = StringIO()
        figure.savefig(page, format="svg", metadata={"Date": None})
    return re.sub(r"^.*?(?=<svg)", "", page.getvalue(), flags=re.DOTALL)


def _groups(table: pd.DataFrame) -> list[str]:
    return list(table.columns[: list(table.columns).index("count")])


def _line(axes: Axes, table: pd.DataFrame, column: str, unit: str) -> None:
    first, *others = _groups(table)
    names = list(dict.fromkeys(table[first]))
    parts = list(table.groupby(others, sort=False)) if others else [((), table)]
    for color, (key, part) in zip(_colors(len(parts)), parts, strict=True):
        places = [names.index(name) for name in part[first]]
        label = plain(" ".join(map(str, key))) or column
        axes.plot(places, part[column], marker="o", color=color, label=label)
        if not others and column == "median":
            axes.plot(places, part["p90"], "--", marker=".", color=_COLORS[1], label="p90")
        if not others and {"lower", "upper"} <= set(part):
            axes.fill_between(places, part["lower"], part["upper"], color=color, alpha=0.15, lw=0)
    _ticks(axes, names)
    axes.set_ylabel(unit)
    axes.set_ylim(bottom=0)
    if len(axes.lines) > 1:
        _legend(axes)


def _bar(axes: Axes, table: pd.DataFrame, column: str, unit: str) -> None:
    first, *others = _groups(table)
    names = list(dict.fromkeys(table[first]))
    parts = list(table.groupby(others, sort=False)) if others else [((), table)]
    width = 0.8 / len(parts)
    colors = _colors(len(parts))
    for number, (key, part) in enumerate(parts):
        places = [names.index(name) + number * width for name in part[first]]
        color = colors[number]
        axes.bar(places, part[column], width, color=color, label=plain(" ".join(map(str, key))))
    _ticks(axes, names)
    axes.set_xlim(-0.6, max(len(names), _FEW) - 0.4 + (len(parts) - 1) * width)
    axes.set_ylabel(unit)
    if others:
        _legend(axes)


def _heatmap(axes: Axes, table: pd.DataFrame, column: str, unit: str) -> None:
    grid = table.pivot_table(
        index="weekday", columns="hour_of_day", values=column, aggfunc="sum", fill_value=0
    ).reindex(columns=range(24), fill_value=0)
    image = axes.imshow(grid, aspect="auto", cmap="Blues")
    axes.set_yticks(range(len(grid.index)), [str(name)[2:] for name in grid.index])
    axes.set_xticks(range(0, 24, 2))
    axes.set_xlabel("hour")
    bar = axes.figure.colorbar(image)
    bar.set_label(unit)


def _colors(count: int) -> list[str]:
    """Return a color for each series: of many, shades in their order."""
    if count <= len(_COLORS):
        return list(_COLORS[:count])
    shades = colormaps["viridis"](np.linspace(0, 0.9, count))
    return [to_hex(shade) for shade in shades]


def _legend(axes: Axes) -> None:
    """Name the series beside what is drawn, never over it."""
    columns = -(-len(axes.get_legend_handles_labels()[1]) // _MANY)
    axes.legend(
        frameon=False, fontsize=8, ncols=columns, loc="upper left", bbox_to_anchor=(1.01, 1.0)
    )


def _ticks(axes: Axes, names: list[str]) -> None:
    step = -(-len(names) // _MANY)
    places = range(0, len(names), step)
    labels = [plain(names[place]) for place in places]
    axes.set_xticks(places, labels, rotation=20, ha="right", fontsize=8)


def plain(name: object) -> str:
    """Return a name from outside as text that is neither a formula nor hidden from legends."""
    text = str(name).replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text
