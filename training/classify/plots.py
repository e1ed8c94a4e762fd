"""Plots kept with a classifier: confusions, reliability, learning curve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from training.classify.scores import reliability

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from training.classify.experiment import Point

_COLOR = "#2a6f97"
_NAMED = 40  # labels up to which axes name them
_DARK = 0.5  # share of a row from which white figures are readable


def confusions(labels: Sequence[str], table: NDArray[np.int64]) -> Figure:
    """Draw how often each label (row) was answered by each (column), as shares of the row."""
    size = max(4.0, min(16.0, 0.38 * len(labels) + 2.5))
    figure = Figure(figsize=(size, size), layout="constrained")
    axes: Any = figure.add_subplot()
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set(xlabel="answer", ylabel="label people gave", title="Confusions")
    if len(labels) <= _NAMED:
        axes.set_xticks(range(len(labels)), labels, rotation=90)
        axes.set_yticks(range(len(labels)), labels)
        for row, column in zip(*np.nonzero(table), strict=True):
            color = "white" if shares[row, column] > _DARK else "black"
            axes.text(column, row, int(table[row, column]), ha="center", va="center", color=color,
                      fontsize=7)  # fmt: skip
    return figure


def calibration(confidence: NDArray[np.float64], right: NDArray[np.bool_], error: float) -> Figure:
    """Draw the share of right answers over their confidence, in ten bins."""
    figure, axes = _blank("confidence", "share right", f"Reliability (error {error:.3f})")
    bins = reliability(confidence, right)
    axes.plot([0, 1], [0, 1], color="gray", linestyle="--", linewidth=1)
    axes.plot([sure for sure, _, _ in bins], [share for _, share, _ in bins], marker="o",
              color=_COLOR)  # fmt: skip
    for sure, share, count in bins:
        axes.annotate(str(count), (sure, share), textcoords="offset points", xytext=(4, -10),
                      fontsize=7)  # fmt: skip
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02))
    return figure


def curve(points: Sequence[Point], starter: float) -> Figure:
    """Draw macro-F1 on the held-out texts over the number of labels, the starter's beside it."""
    figure, axes = _blank("labels learned from", "macro-F1", "Learning curve")
    counts = [point.labels for point in points]
    axes.plot(counts, [p.macro_f1.value for p in points], marker="o", color=_COLOR, label="fitted")
    axes.fill_between(counts, [p.macro_f1.low for p in points], [p.macro_f1.high for p in points],
                      color=_COLOR, alpha=0.15)  # fmt: skip
    axes.axhline(starter, color="#c1666b", linestyle="--", label="starter")
    axes.set_xscale("log", base=2)
    axes.set_xticks(counts, [f"{count:,}" for count in counts])
    axes.minorticks_off()
    axes.legend(frameon=False)
    return figure


def _blank(x: str, y: str, title: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(6, 4.5), layout="constrained")
    axes: Any = figure.add_subplot()
    axes.set(xlabel=x, ylabel=y, title=title)
    axes.grid(visible=True, alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes
