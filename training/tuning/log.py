"""Searches in MLflow: one parent run above the trials of every model, with table and plots."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from training.plan import Plan
from training.tracking.names import commit, flattened, metric_name
from training.tracking.store import TrackingStore
from training.tuning.domains import Settings
from training.tuning.outcome import Outcome, Tried, best_of

_PARENT = "mlflow.parentRunId"


class TuningRuns:
    """The parent run of a search.

    Parameters
    ----------
    store : TrackingStore
    plan : Plan
        Of the first model: names experiment, task and metric.
    key : str
        Equal for searches that are one: a call after a kill goes on below the same parent.
    """

    def __init__(self, store: TrackingStore, plan: Plan, key: str) -> None:
        self.store, self.key, self.metric = store, key, plan.metric
        workspace, task = plan.data.workspace.name, plan.task.value
        self.experiment = store.experiment(workspace, task)
        self.tags = {"experiment": plan.experiment, "workspace": workspace, "task": task,
                      "metric": plan.metric, "search": key, "commit": commit()}  # fmt: skip
        self.parent = self._opened(plan.experiment)

    def _opened(self, name: str) -> str:
        client = self.store.client()
        query = f"tags.role = 'tuning' and tags.search = '{self.key}'"
        if found := client.search_runs([self.experiment], query, max_results=1):
            run_id = str(found[0].info.run_id)
            client.update_run(run_id, status="RUNNING")
            return run_id
        run = client.create_run(
            self.experiment, run_name=f"tune {name}", tags=self.tags | {"role": "tuning"}
        )
        return str(run.info.run_id)

    def of(self, model: str, study: str) -> ModelJournal:
        """Return where the trials of ``model`` in ``study`` are shown."""
        return ModelJournal(self, model, study)

    def finish(self, texts: Mapping[str, str], figures: Mapping[str, Any], *, failed: bool) -> None:
        """Keep files of text and plots by name, and end the parent run."""
        client = self.store.client()
        with tempfile.TemporaryDirectory() as folder:
            for name, text in texts.items():
                (Path(folder) / name).write_text(text, encoding="utf-8")
            for name, figure in figures.items():
                figure.savefig(Path(folder) / name, dpi=110)
            client.log_artifacts(self.parent, folder)
        client.set_terminated(self.parent, "FAILED" if failed else "FINISHED")


class ModelJournal:
    """Trials of one model as child runs."""

    def __init__(self, runs: TuningRuns, model: str, study: str) -> None:
        self._runs, self._model, self._study = runs, model, study
        self._client = runs.store.client()

    def begin(self, number: int, settings: Settings) -> str:
        """Open the child run of a trial."""
        own = {"role": "trial", "model": self._model, "trial": str(number),
               "study": self._study, _PARENT: self._runs.parent}  # fmt: skip
        query = " and ".join(f"tags.`{name}` = '{value}'" for name, value in own.items())
        if found := self._client.search_runs([self._runs.experiment], query, max_results=1):
            return str(found[0].info.run_id)  # opened just before a kill
        from mlflow.entities import Param  # noqa: PLC0415  (takes 1.7 s)

        run = self._client.create_run(
            self._runs.experiment, run_name=f"{self._model} {number}", tags=self._runs.tags | own
        )
        params = [Param(key, value) for key, value in flattened({"model": settings}).items()]
        self._client.log_batch(run.info.run_id, params=params)
        return str(run.info.run_id)

    def end(self, record: str, number: int, settings: Settings, found: Outcome) -> None:
        """Log what was measured and end the child run; one that is gone is made anew."""
        from mlflow.entities import Metric, RunTag  # noqa: PLC0415  (takes 1.7 s)
        from mlflow.exceptions import MlflowException  # noqa: PLC0415

        try:
            self._client.get_run(record)
        except MlflowException:
            record = self.begin(number, settings)
        now = int(time.time() * 1000)
        metrics = [Metric(name, v, now, 0) for name, v in _named(found, self._runs.metric).items()]
        tags = [RunTag("state", found.state)]
        tags += [RunTag("error", found.error[:500])] if found.error else []
        self._client.log_batch(record, metrics=metrics, tags=tags)
        self._client.set_terminated(record, "FAILED" if found.state == "failed" else "FINISHED")


def _named(found: Outcome, metric: str) -> dict[str, float]:
    """Return everything a trial measured, under its MLflow name."""
    key = metric_name(metric)
    named: dict[str, float] = {}
    for place, each in enumerate(found.windows):
        values = {key: each.value, f"low/{key}": each.low, f"high/{key}": each.high}
        named |= {f"window_{place}/{name}": value for name, value in values.items()}
    return named | ({key: found.value, "seconds/trial": found.seconds} if found.windows else {})


def best_value(store: TrackingStore, parent: str, metric: str, tried: Sequence[Tried]) -> None:
    """Show the best value of all trials at the parent run."""
    best = best_of(tried, metric)
    if best is not None:
        store.client().log_metric(parent, metric_name(metric), best.outcome.value)
