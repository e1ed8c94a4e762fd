"""Results side by side: one row a model, best first, with intervals and paired differences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from training.metrics import Interval, is_error, paired_difference
from training.models.popular import RecentPopularity
from training.runner import Result
from training.tables import GAINS, OVER, gains_of

_POPULAR = "popular"  # the model that differences to popularity are of, where there are several
_AT = "at "  # before the name of a split: the main metric on that split alone


def comparison(results: Sequence[Result]) -> pd.DataFrame:
    """Return one row a result, best first; results on another split or task get their own rows.

    Columns: ``model``, ``task``, ``split``, every metric with ``low`` and ``high``, the main metric
    by stratum and, of several, by cutoff, its standard deviation over seeds (``sd``), its
    difference to recent popularity, to the next row and to the run that ``against`` names, each
    with its paired interval, seconds and memory. Of errors, such as rmse, less is better: the
    smallest comes first and differences below 0 say that a row is better.
    """
    ordered = sorted(results, key=lambda r: (r.plan.task.value, r.evaluation.split, _place(r)))
    return pd.DataFrame(
        [
            _row(each, _opponents(each, results, rest))
            for each, rest in ((each, ordered[n + 1 :]) for n, each in enumerate(ordered))
        ]
    )


def lifts(results: Sequence[Result]) -> pd.DataFrame:
    """Return the paired difference to recent popularity by model and stratum, best model first.

    Columns: ``model``, ``task``, ``stratum``, ``value``, ``low``, ``high``, ``customers``.
    """
    rows = []
    for result in sorted(results, key=_place):
        if is_error(result.plan.metric):  # popularity predicts no ratings
            continue
        popular = _baseline(result, results)
        if popular is None or popular is result:
            continue
        metric, theirs = result.plan.metric, popular.evaluation.customers
        for stratum, ours in result.evaluation.customers.groupby("stratum"):
            gain = paired_difference(ours[metric], theirs[metric])
            row = {"model": result.plan.model_name, "task": result.plan.task.value}
            ends = {"value": gain.value, "low": gain.low, "high": gain.high}
            rows.append({**row, "stratum": stratum, **ends, "customers": gain.n})
    return pd.DataFrame(rows)


def _place(result: Result) -> float:
    """Return what orders results, best first: errors rise, other metrics fall."""
    return result.value if is_error(result.plan.metric) else -result.value


def readable(table: pd.DataFrame, metrics: Sequence[str]) -> pd.DataFrame:
    """Return the columns people compare by, as text with intervals."""
    shown = pd.DataFrame({"model": table["model"], "task": table["task"]})
    cutoffs = [name for name in map(str, table) if name.startswith(_AT) and f"{name} low" in table]
    for name in [*metrics, *cutoffs]:
        if name in table:
            shown[name] = [
                interval_text(row[name], row[f"{name} low"], row[f"{name} high"])
                for _, row in table.iterrows()
            ]
    if "sd" in table:
        shown["sd of seeds"] = [interval_text(sd, math.nan, math.nan) for sd in table["sd"]]
    for name in gains_of(list(map(str, table))):
        columns = table[[name, f"{name} low", f"{name} high"]]
        shown[name] = [
            interval_text(*row, signed=True) for row in columns.itertuples(index=False, name=None)
        ]
    shown["fit s"] = [f"{value:.1f}" for value in table["fit_seconds"]]
    shown["peak MB"] = [f"{value:,.0f}" for value in table["peak_mb"]]
    return shown


def markdown(shown: pd.DataFrame) -> str:
    """Return a frame of texts as a markdown table."""
    lines = ["| " + " | ".join(shown.columns) + " |", "|" + " --- |" * len(shown.columns)]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in shown.itertuples(index=False)]
    return "\n".join(lines) + "\n"


def told(result: Result) -> str:
    """Return the metric that runs are compared by in a sentence, with cutoffs and seeds."""
    found, metric = result.evaluation, result.plan.metric
    best, spread = found.summary[metric], found.spread.get(metric)
    text = f"{result.plan.model_name}: {metric} {interval_text(best.value, best.low, best.high)}"
    seeds = "" if spread is None else f", standard deviation {spread:.4f} over {found.seeds} seeds"
    asked = "ratings" if is_error(metric) else "customers"
    return f"{text}, {best.n:,} {asked} of {found.split}{seeds}"


def interval_text(value: float, low: float, high: float, *, signed: bool = False) -> str:
    """Return ``.0519 [.0480, .0560]``; without an interval only the value; a dash for nothing."""
    if math.isnan(value):  # nothing was measured
        return "–"
    form = "{:+.4f}" if signed else "{:.4f}"
    text = form.format(value)
    return text if math.isnan(low) else f"{text} [{form.format(low)}, {form.format(high)}]"


def _opponents(
    result: Result, results: Sequence[Result], rest: Sequence[Result]
) -> dict[str, Result | None]:
    """Return whom ``result`` is compared with, by the name of the column."""
    popular, following = GAINS
    found = {popular: _baseline(result, results), following: _next(result, rest)}
    named = result.plan.against
    if named is not None:
        same = (other for other in results if _comparable(result, other))
        found[f"{OVER}{named}"] = next((each for each in same if is_named(each, named)), None)
    return found


def is_named(result: Result, name: str) -> bool:
    """Whether ``name`` is that of the run, or its beginning: ``ease`` for ``ease tuned=true``."""
    return f"{result.plan.model_name} ".startswith(f"{name} ")


def _baseline(result: Result, results: Sequence[Result]) -> Result | None:
    """Return recent popularity on the same split and task: of several, what is called so."""
    popular = [other for other in results if isinstance(other.plan.model, RecentPopularity)]
    popular.sort(key=lambda other: not is_named(other, _POPULAR))
    return next((other for other in popular if _comparable(result, other)), None)


def _next(result: Result, rest: Sequence[Result]) -> Result | None:
    """Return the best of ``rest`` on the same split and task."""
    return next((other for other in rest if _comparable(result, other)), None)


def _comparable(first: Result, second: Result) -> bool:
    same_split = first.evaluation.split_hash == second.evaluation.split_hash
    return same_split and first.plan.task == second.plan.task


def _row(result: Result, opponents: Mapping[str, Result | None]) -> dict[str, object]:
    found, plan = result.evaluation, result.plan
    row: dict[str, object] = {"model": plan.model_name, "task": plan.task.value}
    row["split"] = found.split
    for name, interval in found.summary.items():
        row |= {name: interval.value, f"{name} low": interval.low, f"{name} high": interval.high}
    for stratum, intervals in found.strata.items():
        if plan.metric in intervals:
            row[f"{plan.metric} {stratum}"] = intervals[plan.metric].value
    for each in result.evaluations if len(result.evaluations) > 1 else ():
        at, key = each.summary[plan.metric], f"{_AT}{each.split}"
        row |= {key: at.value, f"{key} low": at.low, f"{key} high": at.high}
    if found.spread:
        row["sd"] = found.spread[plan.metric]
    for name, other in opponents.items():
        over = Interval(float("nan"), float("nan"), float("nan"), 0)
        if other is not None and other is not result:
            over = found.minus(other.evaluation, plan.metric)
        row |= {name: over.value, f"{name} low": over.low, f"{name} high": over.high}
    row |= {"customers": found.counts.get("customers", 0), "fit_seconds": result.fit_seconds}
    return row | {"rank_seconds": result.rank_seconds, "peak_mb": result.peak_mb}
