"""Plots of studies, drawn as those of runs are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from training.metrics import Interval

_PANELS = {
    "diversity": "Pairs of different categories",
    "calibration_error": "Divergence from the history (nats)",
    "coverage": "Share of the catalog shown to anybody",
}


def trade_off(cases: Sequence[tuple[str, float, Mapping[str, Interval]]], k: int) -> Figure:
    """Draw nDCG against variety, calibration and coverage: a line a step, a point a weight.

    ``cases`` are (step, weight, summary of the evaluation); the first is the model alone.
    """
    figure = Figure(figsize=(13, 4.2), layout="constrained")
    panels: Any = figure.subplots(1, len(_PANELS), sharey=True)
    first, *others = cases
    for axes, (name, label) in zip(panels, _PANELS.items(), strict=True):
        for place, step in enumerate(dict.fromkeys(step for step, _, _ in others)):
            line = [first, *(case for case in others if case[0] == step)]
            points = [(s[f"{name}@{k}"].value, s[f"ndcg@{k}"], weight) for _, weight, s in line]
            _draw(axes, points, step, f"C{place}")
        axes.set(xlabel=label)
        axes.locator_params(axis="x", nbins=5)
        axes.grid(visible=True, alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set(ylabel=f"ndcg@{k}, 95 % intervals")
    if others:
        panels[0].legend(frameon=False)
    figure.suptitle("What variety costs in accuracy; numbers are weights")
    return figure


def _draw(
    axes: Any, points: Sequence[tuple[float, Interval, float]], label: str, color: str
) -> None:
    """Draw points of (x, y with its interval, weight); x is NaN where it is unknown."""
    known = [point for point in points if not math.isnan(point[0])]
    up = [each for _, each, _ in known]
    ends = [[max(v.value - v.low, 0) for v in up], [max(v.high - v.value, 0) for v in up]]
    axes.errorbar(
        [x for x, _, _ in known], [v.value for v in up], yerr=ends, marker="o", color=color,
        label=label, elinewidth=0.6, alpha=0.85,
    )  # fmt: skip
    for x, each, weight in known:
        axes.annotate(f"{weight:g}", (x, each.value), fontsize=7, color=color)
