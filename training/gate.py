"""The gate: a run must be better than recent popularity and than what serves, beyond chance.

Beside that it must not lose what :mod:`training.guards` guards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from training.guards import Guard, Limits, Side, guards_of, table
from training.metrics import Interval, is_error, paired_difference
from training.registry import Registry, Version
from training.runner import run
from training.tracking.log import CUSTOMERS, log_result, plan_of_run, tracked_run
from training.tracking.names import metric_name
from training.tracking.store import TrackingStore

if TYPE_CHECKING:
    from mlflow.entities import Run


class GateError(LookupError):
    """There is nothing to judge."""


@dataclass(frozen=True)
class Duel:
    """The candidate against one opponent: the paired difference of the metric.

    ``lenient``: it is enough not to be surely worse, as for the champion's own configuration.
    """

    opponent: str
    difference: Interval
    lenient: bool = False

    @property
    def won(self) -> bool:
        """Whether the whole interval lies above 0; lenient: not the whole below it."""
        return self.difference.high >= 0 if self.lenient else self.difference.low > 0


@dataclass(frozen=True, eq=False)
class Holder:
    """What the champion reached on the split of the candidates, and how it is called."""

    title: str
    side: Side


@dataclass(frozen=True)
class Verdict:
    """What the gate found.

    Parameters
    ----------
    run_id, model : str
        The candidate.
    workspace, task, metric : str
    value : float
        The candidate's metric.
    duels : tuple of Duel
        Recent popularity first, then the champion if there is one.
    refresh : bool
        The candidate is the champion's own configuration, on newer data: it has to beat
        popularity, and not be surely worse than the champion as it is served, where that is known.
    stale : bool
        The candidate is the champion's configuration on the same data: nothing to do.
    guards : tuple of Guard
        What must not be lost against the champion; empty where there is nobody to hold against.
    """

    run_id: str
    model: str
    workspace: str
    task: str
    metric: str
    value: float
    duels: tuple[Duel, ...]
    refresh: bool = False
    stale: bool = False
    guards: tuple[Guard, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the candidate may lead."""
        better = all(duel.won for duel in self.duels)
        return not self.stale and better and all(guard.held for guard in self.guards)

    @property
    def words(self) -> str:
        """The verdict as sentences."""
        head = f"{self.model} reached {self.metric} {self.value:.4f} on {self.workspace}."
        lines = [head, *(_words(duel) for duel in self.duels)]
        if self.stale:
            lines.append("It is the champion's configuration on the champion's data.")
        elif self.refresh:
            lines.append("It is the champion's configuration, on newer data.")
        lines += [guard.words for guard in self.guards]
        lines.append("Promoted." if self.passed else "Not promoted.")
        return "\n".join(lines)

    @property
    def text(self) -> str:
        """The verdict as sentences, below a table of the guards where there are any."""
        return f"{table(self.guards)}\n{self.words}" if self.guards else self.words


def judge(
    store: TrackingStore,
    workspace: str,
    task: str,
    *,
    metric: str = "recall@20",
    baseline: str = "popular",
    limits: Limits | None = None,
    sweep: str | None = None,
    model_key: str | None = None,
    served: Holder | None = None,
) -> Verdict:
    """Judge the best run of the latest sweep (or of the runs outside sweeps, if there is none).

    Parameters
    ----------
    store : TrackingStore
    workspace, task, metric : str
    baseline : str
        Model that has to be beaten besides the champion.
    limits : Limits, optional
        What may be lost against the champion.
    sweep : str, optional
        Run id of the sweep to judge instead of the latest.
    model_key : str, optional
        Judge the run of this configuration instead of the best.
    served : Holder, optional
        The champion as it is served: its own configuration, fitted anew, must not be surely worse
        and lose nothing that is guarded.

    Raises
    ------
    GateError
        If there are no runs, popularity was not measured on the same split, or ``metric`` is
        one of ratings.
    """
    if is_error(metric):
        raise GateError(
            f"metric={metric}: a champion makes lists, so the gate compares lists; expected a "
            f"metric of lists, such as recall@20. {metric} of two runs is compared by "
            "python -m training.compare"
        )
    client = store.client()
    runs = _latest(client, store, workspace, task, metric, sweep=sweep)
    best = _candidate(runs, metric, model_key)
    rival = _baseline(runs, best, baseline, f"workspace={workspace} task={task}")
    values = _values(client, best, metric)
    duels = [Duel(baseline, paired_difference(values, _values(client, rival, metric)))]
    champion = _champion(store, workspace, task)
    told = {} if champion is None else champion.tags
    same = told.get("model_key") == best.data.tags["model_key"]
    newer = told.get("data_versions") != best.data.tags.get("data_versions")
    holder = served if same else None
    if champion is not None and not same:
        other = _run_of_champion(store, champion, best, runs)
        holder = Holder(_title(champion), _side(client, other))
    guards: tuple[Guard, ...] = ()
    if holder is not None:
        sides = _side(client, best), holder.side
        difference = paired_difference(*(side.customers[metric] for side in sides))
        duels.append(Duel(holder.title, difference, lenient=same))
        guards = guards_of(*sides, metric, limits or Limits())
    return Verdict(
        run_id=best.info.run_id,
        model=best.data.tags["model"],
        workspace=workspace,
        task=task,
        metric=metric,
        value=best.data.metrics[metric_name(metric)],
        duels=tuple(duels),
        refresh=same and newer,
        stale=same and not newer,
        guards=guards,
    )


def _candidate(runs: Sequence[Run], metric: str, model_key: str | None) -> Run:
    """Return the best run, or the best of a configuration."""
    chosen = [run for run in runs if model_key in (None, run.data.tags["model_key"])]
    if not chosen:
        names = sorted(run.data.tags["model"] for run in runs)
        raise GateError(f"no run of the configuration {model_key} in the sweep, which has {names}")
    return max(chosen, key=lambda run: run.data.metrics[metric_name(metric)])


def _baseline(runs: Sequence[Run], best: Run, baseline: str, where: str) -> Run:
    """Return the run of the baseline on the split of the best one."""
    rivals = [run for run in runs if run.data.tags["model"].split()[0] == baseline]
    rivals = [run for run in rivals if _same_split(run, best)]
    if not rivals:
        raise GateError(
            f"no run of model {baseline!r} on split {best.data.tags.get('split')} beside "
            f"{best.data.tags['model']!r}: train it in the same sweep, e.g. "
            f"python -m training -m model={baseline},ease {where}"
        )
    return rivals[0]


def _latest(
    client: Any,
    store: TrackingStore,
    workspace: str,
    task: str,
    metric: str,
    *,
    sweep: str | None = None,
) -> Sequence[Run]:
    """Return the finished runs of ``sweep``, or of the latest; without sweeps, all runs."""
    experiment = store.experiment(workspace, task)

    def runs(query: str) -> list[Run]:
        found = client.search_runs(
            [experiment], f"{query} and attributes.status = 'FINISHED'", max_results=1000,
            order_by=["attributes.start_time DESC"],
        )  # fmt: skip
        return [run for run in found if metric_name(metric) in run.data.metrics]

    every = runs("tags.role = 'model'" if sweep is None else f"tags.sweep = '{sweep}'")
    if not every:
        raise GateError(
            f"no finished run of task {task!r} measured {metric} on workspace {workspace!r}; run: "
            f"python -m training -m model=popular,ease,ranker workspace={workspace} task={task}"
        )
    sweep = sweep or next((tag for run in every if (tag := run.data.tags.get("sweep"))), None)
    return [run for run in every if run.data.tags.get("sweep") == sweep]


def _champion(store: TrackingStore, workspace: str, task: str) -> Version | None:
    """Return the version that serves, if it was made for ``task``."""
    found = Registry(workspace, store).champion()
    return found if found is not None and found.tags.get("task", task) == task else None


def _same_split(first: Run, second: Run) -> bool:
    return bool(first.data.tags.get("split_hash") == second.data.tags.get("split_hash"))


def _values(client: Any, of: Run, metric: str) -> pd.Series[float]:
    """Return the metric by customer that the run kept."""
    path = client.download_artifacts(of.info.run_id, CUSTOMERS)
    values: pd.Series[float] = pd.read_parquet(path, columns=[metric])[metric]
    return values


def _side(client: Any, of: Run) -> Side:
    """Return what the run measured, and by customer."""
    path = client.download_artifacts(of.info.run_id, CUSTOMERS)
    return Side(of.data.metrics, pd.read_parquet(path))


def _run_of_champion(
    store: TrackingStore, champion: Version, best: Run, runs: Sequence[Run]
) -> Run:
    """Return a run of the champion's configuration on the candidate's own split.

    The champion itself was fitted on everything and would have seen the test data; its
    configuration is taken from the same sweep, or fitted on the split now.
    """
    client = store.client()
    key = champion.tags.get("model_key")
    for other in runs:
        if other.data.tags["model_key"] == key and _same_split(other, best):
            return other
    judged = client.get_run(champion.tags["evaluated_by"])
    plan = plan_of_run(client, judged, like=best)
    with tracked_run(store, plan) as run_id:
        log_result(store, run(plan), run_id, bundle=False)
    client.set_tag(run_id, "role", "opponent")  # measured for this judgment: no candidate itself
    return client.get_run(run_id)


def _title(champion: Version) -> str:
    return f"the champion (version {champion.number}, {champion.tags.get('model', 'unknown')})"


def _words(duel: Duel) -> str:
    found = duel.difference
    span = f"{found.value:+.4f}, 95 % interval [{found.low:+.4f}, {found.high:+.4f}]"
    how = "better than" if duel.won else "not surely better than"
    if duel.lenient:
        how = "not surely worse than" if duel.won else "surely worse than"
    return f"It is {how} {duel.opponent}: {span}, {found.n:,} customers."
