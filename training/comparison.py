"""Two runs on the same customers: the paired difference of every metric, with its interval.

Runs over several cutoffs are paired customer by customer and cutoff by cutoff, and a customer is
resampled with all of their cutoffs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from ingest.state.url import shown
from training.guards import STRATA
from training.metrics import (
    Interval,
    bootstrap_intervals,
    error_difference,
    is_error,
    metrics_of,
)
from training.metrics.bootstrap import RESAMPLES
from training.metrics.errors import SUMS, error_of
from training.metrics.pooling import DESCRIBED
from training.tracking.log import CUSTOMERS
from training.tracking.store import TrackingStore
from training.tracking.table import interval_text, markdown

if TYPE_CHECKING:
    from mlflow.entities import Run

_SAME = {"split_hash": "split", "task": "task", "workspace": "workspace"}


class ComparisonError(ValueError):
    """Runs cannot be compared: one is missing, kept no values, or answered another question."""


@dataclass(frozen=True, eq=False)
class Measured:
    """What a run kept.

    Parameters
    ----------
    run_id, model : str
    tags : dict of str to str
        What was asked, and of which data.
    customers : DataFrame
        Index ``customer_id`` (and ``split``, of several cutoffs); ``stratum``, ``history``,
        ``relevant`` and one column a metric.
    """

    run_id: str
    model: str
    tags: dict[str, str]
    customers: pd.DataFrame

    @classmethod
    def of(cls, store: TrackingStore, run_id: str) -> Measured:
        """Read a run.

        Raises
        ------
        ComparisonError
            If there is no such run, or it kept no values by customer.
        """
        from mlflow.exceptions import MlflowException  # noqa: PLC0415  (MLflow takes seconds)

        client = store.client()
        try:
            found: Run = client.get_run(run_id)
        except MlflowException:
            raise ComparisonError(
                f"run {run_id!r}: not found in {shown(store.uri)}; `make ui` shows run ids, or "
                "give the store with tracking.folder=..."
            ) from None
        if CUSTOMERS not in {file.path for file in client.list_artifacts(run_id)}:
            raise ComparisonError(
                f"run {run_id!r} ({found.data.tags.get('role', 'no role')}, {found.info.status}): "
                f"expected the artifact {CUSTOMERS}, which finished training runs keep; compare "
                "runs of python -m training"
            )
        values = pd.read_parquet(client.download_artifacts(run_id, CUSTOMERS))
        tags = dict(found.data.tags)
        return cls(run_id, tags.get("model", run_id), tags, values)


@dataclass(frozen=True, eq=False)
class Comparison:
    """The first run against the second.

    Parameters
    ----------
    first, second : Measured
    differences : dict of str to Interval
        Mean of first minus second by metric, over customers both were measured on.
    strata : dict of str to Interval
        The same for the main metric, by stratum.
    metric : str
        The main metric.
    splits : dict of str to Interval
        The same for the main metric, by cutoff; empty where there is one.
    """

    first: Measured
    second: Measured
    differences: dict[str, Interval]
    strata: dict[str, Interval]
    metric: str
    splits: dict[str, Interval] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, str]:
        """Names of the models, with the ids of their runs where the names are equal."""
        first, second = self.first, self.second
        if first.model != second.model:
            return first.model, second.model
        return f"{first.model} ({first.run_id[:8]})", f"{second.model} ({second.run_id[:8]})"

    @property
    def frame(self) -> pd.DataFrame:
        """One row a metric: both means, the difference, the ends of its interval, customers."""
        return pd.DataFrame(
            [self._row(name, found) for name, found in self.differences.items()]
            + [self._row(self.metric, found, stratum=name) for name, found in self.strata.items()]
            + [self._row(self.metric, found, split=name) for name, found in self.splits.items()]
        )

    @property
    def text(self) -> str:
        """The comparison as markdown."""
        (first, second), frame = self.names, self.frame
        frame = frame[frame["customers"] > 0]  # not measured: no categories, for example
        named = [frame[name] for name in ("metric", "stratum", "split")]
        shown = pd.DataFrame(
            {
                "metric": [" ".join(filter(None, row)) for row in zip(*named, strict=True)],
                first: frame["first"].map("{:.4f}".format),
                second: frame["second"].map("{:.4f}".format),
                "difference": [
                    interval_text(*row, signed=True)
                    for row in frame[["difference", "low", "high"]].itertuples(index=False)
                ],
                "customers": frame["customers"].map("{:,}".format),
            }
        )
        tags = self.first.tags
        head = f"# {first} minus {second}\n\n"
        asked = f"{tags.get('workspace', '')}, {tags.get('task', '')}, {tags.get('split', '')}"
        falls = " Of errors less is better." if any(map(is_error, self.differences)) else ""
        return f"{head}{asked}; 95 % paired-bootstrap intervals.{falls}\n\n{markdown(shown)}"

    def _row(
        self, name: str, found: Interval, stratum: str = "", split: str = ""
    ) -> dict[str, Any]:
        row: dict[str, Any] = {"metric": name, "stratum": stratum, "split": split}
        for side, measured in (("first", self.first), ("second", self.second)):
            values = measured.customers
            if stratum:
                values = values[values["stratum"] == stratum]
            if split:
                values = values[values.index.get_level_values("split") == split]
            row[side] = error_of(values, name) if is_error(name) else float(values[name].mean())
        ends = {"difference": found.value, "low": found.low, "high": found.high}
        return row | ends | {"customers": found.n}


def compare(
    first: Measured,
    second: Measured,
    *,
    metric: str = "recall@20",
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Comparison:
    """Resample the customers of both runs together, every metric on the same resamples.

    Of runs over several cutoffs the mean is over customers and cutoffs.

    Raises
    ------
    ComparisonError
        If the runs were measured on another split, task or workspace, or not on ``metric``.
    """
    _refuse_unlike(first, second)
    names = [name for name in first.customers if name in second.customers]
    names = [str(name) for name in names if name not in DESCRIBED]
    rated = all(set(SUMS) <= set(each.customers) for each in (first, second))
    errors = [each.name for each in metrics_of("rating")] if rated else []
    if metric not in [*names, *errors]:
        raise ComparisonError(f"metric: expected one of {[*names, *errors]}, received {metric!r}")
    both = first.customers.index.intersection(second.customers.index)
    ours, theirs = first.customers.reindex(both), second.customers.reindex(both)
    gap = ours[names] - theirs[names]

    def intervals(values: pd.DataFrame) -> dict[str, Interval]:
        return bootstrap_intervals(values, seed=seed, resamples=resamples)

    def error(name: str, rows: pd.Index[Any]) -> Interval:
        sides = ours.loc[rows], theirs.loc[rows]
        return error_difference(*sides, name, seed=seed, resamples=resamples)

    def by(group: Any) -> dict[str, Interval]:
        if metric in errors:
            parts = ours.groupby(group)
            return {str(name): error(metric, part.index) for name, part in parts}
        parts = gap[[metric]].groupby(group)
        return {str(name): intervals(part)[metric] for name, part in parts}

    splits = by(both.get_level_values("split")) if both.nlevels > 1 else {}
    found = by(ours["stratum"])
    differences = intervals(gap) | {name: error(name, both) for name in errors}
    strata = {name: found[name] for name in STRATA if name in found}
    return Comparison(first, second, differences, strata, metric, splits)


def read_runs(store: TrackingStore, run_ids: Sequence[str]) -> list[Measured]:
    """Read the runs to compare.

    Raises
    ------
    ComparisonError
        If fewer than two different runs are named, or one cannot be read.
    """
    if len(set(run_ids)) < 2 or len(set(run_ids)) < len(run_ids):  # noqa: PLR2004
        raise ComparisonError(
            f"run: expected two or more different run ids, received {list(run_ids)}; "
            "python -m training.compare run=<id> run=<id>"
        )
    return [Measured.of(store, run_id) for run_id in run_ids]


def _refuse_unlike(first: Measured, second: Measured) -> None:
    for tag, name in _SAME.items():
        values = [measured.tags.get(tag) for measured in (first, second)]
        if values[0] != values[1] or values[0] is None:
            told = [f"{m.model} ({m.run_id}): {m.tags.get(name)}" for m in (first, second)]
            hashes = [str(value)[:12] for value in values]
            raise ComparisonError(
                f"the runs differ in {name}, so their customers cannot be paired: "
                f"{'; '.join(told)} ({tag} {hashes[0]} and {hashes[1]}); evaluate both on the same "
                f"{name}, e.g. in one sweep: python -m training -m model=..."
            )
