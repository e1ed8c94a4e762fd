"""Plots of a search, drawn without a display and without pyplot's global state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from matplotlib.figure import Figure

from training.metrics import is_error
from training.tuning.outcome import Tried

_COLOR = "#2a6f97"


def history(searches: Mapping[str, Sequence[Tried]], metric: str) -> Figure:
    """Draw every trial by its number, and the best so far as a line, a color a model.

    Pruned trials are crosses; they were judged on fewer windows. A model whose line still moves at
    the right would gain from a larger budget.
    """
    figure, axes = _blank("Trial", metric, f"{metric} on the tuning windows, by trial")
    for place, (name, tried) in enumerate(searches.items()):
        for state, mark in (("complete", "o"), ("pruned", "x")):
            shown = [each for each in tried if each.outcome.state == state]
            numbers = [each.number for each in shown]
            values = [each.outcome.value for each in shown]
            axes.scatter(numbers, values, marker=mark, s=18, alpha=0.6, color=f"C{place % 10}")
        complete = [each for each in tried if each.outcome.state == "complete"]
        choose = min if is_error(metric) else max
        best = list(accumulate((each.outcome.value for each in complete), choose))
        axes.step([each.number for each in complete], best, where="post",
                  color=f"C{place % 10}", label=name)  # fmt: skip
    axes.legend(frameon=False)
    return figure


def importances(shares: Mapping[str, float], model: str) -> Figure:
    """Draw how much each parameter has to do with the better trials."""
    figure, axes = _blank("Share of importance", "", f"What decides for {model}", len(shares))
    ordered = sorted(shares.items(), key=lambda item: item[1])
    axes.barh([name for name, _ in ordered], [share for _, share in ordered], color=_COLOR)
    return figure


def _blank(x: str, y: str, title: str, tall: int = 9) -> tuple[Figure, Any]:
    figure = Figure(figsize=(7, max(2.0, 0.35 * tall + 1.2)), layout="constrained")
    axes: Any = figure.add_subplot()
    axes.set(xlabel=x, ylabel=y, title=title)
    axes.grid(visible=True, alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes
