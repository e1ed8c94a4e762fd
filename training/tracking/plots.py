"""Plots kept with runs, drawn without a display and without pyplot's global state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from training.metrics import Interval
from training.metrics.calibration import expected_error
from training.metrics.evaluation import Strata

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from training.evaluate import Evaluation
    from training.groups import Gap

_STRATA = ("cold", "warm", "hot")
_LEADER = {"arrowstyle": "-", "alpha": 0.3, "linewidth": 0.6, "relpos": (0, 0.5)}
_COLOR = "#2a6f97"
_BOUNDS = Strata()
_HISTORY = f"items in the history: cold < {_BOUNDS.warm_from} ≤ warm < {_BOUNDS.hot_from} ≤ hot"


def by_stratum(found: Evaluation, metric: str) -> Figure:
    """Draw the metric for everybody and by stratum, with 95 % intervals."""
    named = {"all": found.summary[metric]}
    named |= {s: found.strata[s][metric] for s in _STRATA if metric in found.strata.get(s, {})}
    labels = [f"{name} (n = {each.n:,})" for name, each in named.items()]
    return _intervals(labels, list(named.values()), metric, f"{metric} by {_HISTORY}")


def by_group(gap: Gap) -> Figure:
    """Draw the metric of every group of an attribute, with 95 % intervals."""
    groups = gap.groups[::-1]
    few = {True: "", False: ", too few to judge"}
    labels = [f"{g.name} (n = {g.metric.n:,}{few[g.judged]})" for g in groups]
    title = f"{gap.metric} by {gap.attribute}"
    return _intervals(labels, [group.metric for group in groups], gap.metric, title)


def by_rank(found: Evaluation) -> Figure:
    """Draw recall and nDCG over the length of the list."""
    figure, axes = _blank("List length k", "value", "Recall and nDCG by list length")
    for name, color in (("recall", _COLOR), ("ndcg", "#c1666b")):
        values = [found.summary[f"{name}@{k}"] for k in found.k]
        axes.plot(found.k, [v.value for v in values], marker="o", color=color, label=name)
        low, high = [v.low for v in values], [v.high for v in values]
        axes.fill_between(found.k, low, high, color=color, alpha=0.15)
    axes.set_xticks(list(found.k))
    axes.legend(frameon=False)
    return figure


def importance(gains: Mapping[str, float], owners: Mapping[str, str], most: int = 30) -> Figure:
    """Draw the gain of the most important features that have any, colored by their group."""
    chosen = [(name, gain) for name, gain in gains.items() if gain > 0][:most][::-1]
    groups = sorted(set(owners.values()))
    figure, axes = _blank("Share of total gain", "", "What the ranker decides by", tall=len(chosen))
    total = sum(gains.values()) or 1.0
    for place, (name, gain) in enumerate(chosen):
        color = f"C{groups.index(owners[name])}"
        axes.barh(place, gain / total, color=color)
    axes.set_yticks(range(len(chosen)), [f"{name} ({owners[name]})" for name, _ in chosen])
    return figure


def learning(curve: pd.DataFrame) -> Figure:
    """Draw what was measured on held-out data over minutes of training, the best epoch marked."""
    names = list(curve.columns.drop(["epoch", "minutes"]))
    title = f"{' and '.join(names)} on held-out data while learning"
    figure, axes = _blank("Minutes of training", ", ".join(names), title, tall=12)
    for name in names:
        line = axes.plot(curve["minutes"], curve[name], marker=".", label=name)[0]
        falls = name == "loss"  # the only measure that is better when small
        best = curve.loc[curve[name].idxmin() if falls else curve[name].idxmax()]
        label = f"epoch {best['epoch']:.0f}: {best[name]:.4f}"
        axes.plot(best["minutes"], best[name], "o", color=line.get_color(), label=label)
    axes.legend(frameon=False)
    return figure


def calibration(table: pd.DataFrame) -> Figure:
    """Draw what was observed over what was predicted (rows of :func:`reliability`), by bin."""
    error = expected_error(table)
    title = f"Calibration: {error:.4f} off on average"
    figure, axes = _blank("Predicted (mean of a bin)", "Observed, with 95 % intervals", title, 12)
    ends = table[["low", "high"]].sub(table["observed"], axis=0).abs()
    axes.errorbar(
        table["predicted"], table["observed"], yerr=ends.to_numpy().T, fmt="o-", color=_COLOR,
        capsize=3, label=f"n = {table['n'].sum():,}",
    )  # fmt: skip
    both = table[["predicted", "observed"]].to_numpy()
    ideal = [both.min(), both.max()]
    axes.plot(ideal, ideal, "--", color="black", linewidth=0.8, label="as promised")
    axes.legend(frameon=False)
    return figure


def compare(table: pd.DataFrame, metric: str) -> Figure:
    """Draw the metric of every row of a comparison table with its interval."""
    rows = [row for _, row in table.iloc[::-1].iterrows()]
    several = len(set(table["task"])) > 1
    labels = [f"{row['model']} ({row['task']})" if several else str(row["model"]) for row in rows]
    values = [
        Interval(row[metric], row[f"{metric} low"], row[f"{metric} high"], int(row["customers"]))
        for row in rows
    ]
    return _intervals(labels, values, metric, f"{metric} with 95 % intervals")


def gains(table: pd.DataFrame, metric: str, name: str) -> Figure:
    """Draw the paired differences in the column ``name`` of a comparison table."""
    rows = [row for _, row in table[table[name].notna()].iloc[::-1].iterrows()]
    values = [
        Interval(row[name], row[f"{name} low"], row[f"{name} high"], int(row["customers"]))
        for row in rows
    ]
    unit, title = "Paired difference, 95 % interval", f"{metric} {name}"
    figure = _intervals([str(row["model"]) for row in rows], values, unit, title)
    figure.axes[0].axvline(0, color="black", linewidth=0.8)
    return figure


def against(table: pd.DataFrame, metric: str, x: str, label: str, *, log: bool = False) -> Figure:
    """Draw the metric of every row of a comparison table over the column ``x``."""
    figure, axes = _blank(label, metric, f"{metric} against {label.lower()}", tall=12)
    rows = table[table[x].notna() & table[metric].notna()]
    ends = rows[[f"{metric} low", f"{metric} high"]].sub(rows[metric], axis=0).abs().fillna(0.0)
    axes.errorbar(
        rows[x], rows[metric], yerr=ends.to_numpy().T, fmt="o", color=_COLOR, capsize=3, alpha=0.8
    )
    ordered = rows.sort_values(metric)
    places = np.linspace(0.02, 0.98, len(ordered))  # beside the plot, where names have room
    for place, (_, row) in zip(places, ordered.iterrows(), strict=True):
        axes.annotate(
            str(row["model"]), (row[x], row[metric]), (1.03, place), textcoords="axes fraction",
            fontsize=8, va="center", arrowprops=_LEADER,
        )  # fmt: skip
    if log:
        axes.set_xscale("log")
    axes.margins(x=0.15)
    return figure


def lift(table: pd.DataFrame, metric: str) -> Figure:
    """Draw the gain over popularity of every model (rows of :func:`table.lifts`) by stratum."""
    models = list(dict.fromkeys(table["model"]))[::-1]
    title = f"{metric} over popularity by {_HISTORY}"
    figure, axes = _blank("Paired difference", "", title, tall=2 * len(models))
    for place, stratum in enumerate(_STRATA):
        rows = table[table["stratum"] == stratum]
        if rows.empty:
            continue
        heights = [models.index(model) + 0.2 * (place - 1) for model in rows["model"]]
        ends = rows[["low", "high"]].sub(rows["value"], axis=0).abs().fillna(0.0)
        axes.errorbar(
            rows["value"], heights, xerr=ends.to_numpy().T, fmt="o", color=f"C{place}", capsize=3,
            label=f"{stratum} (n = {rows['customers'].iloc[0]:,})",
        )  # fmt: skip
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_yticks(range(len(models)), models)
    axes.legend(frameon=False, fontsize=8)
    return figure


def _intervals(labels: Sequence[str], values: Sequence[Interval], x: str, title: str) -> Figure:
    figure, axes = _blank(x, "", title, tall=len(labels))
    middle = np.array([v.value for v in values])
    ends = np.array([[v.value - v.low, v.high - v.value] for v in values]).T
    axes.errorbar(
        middle, range(len(labels)), xerr=np.nan_to_num(ends).clip(min=0), fmt="o", color=_COLOR,
        capsize=4,
    )  # fmt: skip
    axes.set_yticks(range(len(labels)), list(labels))
    axes.margins(y=0.2)
    return figure


def _blank(x: str, y: str, title: str, tall: int = 8) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(7, max(2.5, 0.3 * tall + 1.2)), layout="constrained")
    axes: Any = figure.add_subplot()
    axes.set(xlabel=x, ylabel=y, title=title)
    axes.grid(visible=True, alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes
