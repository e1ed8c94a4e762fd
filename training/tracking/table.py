"""Results side by side: one row a model, best first, with intervals and paired differences."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from training.metrics import Interval, paired_difference
from training.models.popular import RecentPopularity
from training.runner import Result


def comparison(results: Sequence[Result]) -> pd.DataFrame:
    """Return one row a result, best first; results on another split or task get their own rows.

    Columns: ``model``, ``task``, ``split``, every metric with ``low`` and ``high``, the difference
    of the main metric to recent popularity with its paired interval, seconds and memory.
    """
    rows = [_row(result, _baseline(result, results)) for result in results]
    frame = pd.DataFrame(rows)
    order = ["task", "split", results[0].plan.metric]
    return frame.sort_values(order, ascending=[True, True, False], ignore_index=True)


def readable(table: pd.DataFrame, metrics: Sequence[str]) -> pd.DataFrame:
    """Return the columns people compare by, as text with intervals."""
    shown = pd.DataFrame({"model": table["model"], "task": table["task"]})
    for name in metrics:
        if name in table:
            shown[name] = [
                interval_text(row[name], row[f"{name} low"], row[f"{name} high"])
                for _, row in table.iterrows()
            ]
    if "over popularity" in table:
        columns = ["over popularity", "over popularity low", "over popularity high"]
        shown["over popularity"] = [
            interval_text(*row, signed=True)
            for row in table[columns].itertuples(index=False, name=None)
        ]
    shown["fit s"] = [f"{value:.1f}" for value in table["fit_seconds"]]
    shown["peak MB"] = [f"{value:,.0f}" for value in table["peak_mb"]]
    return shown


def markdown(shown: pd.DataFrame) -> str:
    """Return a frame of texts as a markdown table."""
    lines = ["| " + " | ".join(shown.columns) + " |", "|" + " --- |" * len(shown.columns)]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in shown.itertuples(index=False)]
    return "\n".join(lines) + "\n"


def interval_text(value: float, low: float, high: float, *, signed: bool = False) -> str:
    """Return ``.0519 [.0480, .0560]``; without an interval only the value; a dash for nothing."""
    if math.isnan(value):  # nothing was measured
        return "–"
    form = "{:+.4f}" if signed else "{:.4f}"
    text = form.format(value)
    return text if math.isnan(low) else f"{text} [{form.format(low)}, {form.format(high)}]"


def _baseline(result: Result, results: Sequence[Result]) -> Result | None:
    """Return recent popularity on the same split and task."""
    for other in results:
        same = other.evaluation.split_hash == result.evaluation.split_hash
        same = same and other.plan.task == result.plan.task
        if same and isinstance(other.plan.model, RecentPopularity):
            return other
    return None


def _row(result: Result, baseline: Result | None) -> dict[str, object]:
    found, plan = result.evaluation, result.plan
    row: dict[str, object] = {"model": plan.model_name, "task": plan.task.value}
    row["split"] = found.split
    for name, interval in found.summary.items():
        row |= {name: interval.value, f"{name} low": interval.low, f"{name} high": interval.high}
    for stratum, intervals in found.strata.items():
        if plan.metric in intervals:
            row[f"{plan.metric} {stratum}"] = intervals[plan.metric].value
    over = Interval(float("nan"), float("nan"), float("nan"), 0)
    if baseline is not None and baseline is not result:
        over = paired_difference(
            found.customers[plan.metric], baseline.evaluation.customers[plan.metric]
        )
    row |= {"over popularity": over.value}
    row |= {"over popularity low": over.low, "over popularity high": over.high}
    row |= {"customers": found.counts.get("customers", 0), "fit_seconds": result.fit_seconds}
    return row | {"rank_seconds": result.rank_seconds, "peak_mb": result.peak_mb}
