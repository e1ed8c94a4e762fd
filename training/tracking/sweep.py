"""A sweep (``-m``): one parent run above the runs of its jobs, with a table and a plot of all."""

from __future__ import annotations

import logging
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from training.metrics import is_error
from training.plan import Plan
from training.runner import Result
from training.tables import OVER
from training.tracking.store import TrackingStore

if TYPE_CHECKING:
    import pandas as pd

_log = logging.getLogger(__name__)
SHOWN = ("recall", "ndcg", "map", "hit_rate", "coverage", "novelty")


@dataclass
class Sweep:
    """Jobs of one ``-m`` call, by MLflow experiment (workspace and task)."""

    parents: dict[tuple[str, str], str] = field(default_factory=dict)
    results: list[tuple[str, Result]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    store: TrackingStore | None = None

    def parent(self, store: TrackingStore, plan: Plan) -> str:
        """Return the parent run for ``plan``, starting it where needed."""
        self.store = store
        key = (plan.data.workspace.name, plan.task.value)
        if key not in self.parents:
            run = store.client().create_run(
                store.experiment(*key),
                run_name=f"sweep {plan.experiment}",
                tags={
                    "role": "sweep",
                    "experiment": plan.experiment,
                    "workspace": key[0],
                    "task": key[1],
                    "metric": plan.metric,
                },
            )
            self.parents[key] = str(run.info.run_id)
        return self.parents[key]

    def finish(self) -> None:
        """Log the comparison to every parent run and end it."""
        if self.store is None:
            return
        client = self.store.client()
        for parent in self.parents.values():
            results = [result for owner, result in self.results if owner == parent]
            if results:
                _log_comparison(client, parent, results)
            client.set_terminated(parent, "FAILED" if self.failures else "FINISHED")


_open: list[Sweep] = []


def current() -> Sweep | None:
    """Return the sweep that is running, if any."""
    return _open[-1] if _open else None


class SweepCallback(Callback):
    """Tell jobs that they are part of a sweep, and finish it after the last."""

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Open a sweep; its parent runs start with the first job that asks."""
        del config, kwargs
        _open.append(Sweep())

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Log the comparison; ends with exit code 1 where a job failed."""
        del config, kwargs
        if not _open:
            return
        ended = _open.pop()
        ended.finish()
        if ended.failures:
            lines = "".join(f"error: {each}\n" for each in ended.failures)
            sys.stderr.write(f"{lines}{len(ended.failures)} of the sweep failed\n")
            sys.exit(1)


def _log_comparison(client: Any, parent: str, results: list[Result]) -> None:
    from training.report import gain_rows, write_rows  # noqa: PLC0415
    from training.tracking import table  # noqa: PLC0415
    from training.tracking.names import metric_name  # noqa: PLC0415

    plan = results[0].plan
    compared = table.comparison(results)
    if plan.against and not any(table.is_named(each, plan.against) for each in results):
        names = sorted({each.plan.model_name for each in results})
        _log.warning("against: no run of the sweep is called %r, there are %s", plan.against, names)
    reports = Path(plan.config["data_dir"]) / "reports"
    write_rows(reports / f"{plan.experiment}.json", gain_rows(compared, results))
    k = plan.length
    named = [plan.metric] if is_error(plan.metric) else []
    shown = table.readable(compared, [*named, *(f"{name}@{k}" for name in SHOWN)])
    text = f"# {plan.experiment}: {compared['split'].iloc[0]}\n\n{table.markdown(shown)}"
    _log.info("\n%s", text)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        compared.to_csv(path / "comparison.csv", index=False)
        (path / "comparison.md").write_text(text)
        shown.to_html(path / "comparison.html", index=False)
        _draw(path, compared, results, f"coverage@{k}")
        client.log_artifacts(parent, folder)
    best = compared.iloc[0]
    client.set_tag(parent, "best_model", str(best["model"]))
    client.log_metric(parent, metric_name(plan.metric), float(best[plan.metric]))


def _draw(folder: Path, compared: pd.DataFrame, results: list[Result], coverage: str) -> None:
    """Draw the models side by side, against coverage and time, and their gain by stratum."""
    from training.tracking import plots, table  # noqa: PLC0415  (matplotlib)

    metric = results[0].plan.metric
    drawn = {
        "comparison": plots.compare(compared, metric),
        "coverage": plots.against(compared, metric, coverage, "Coverage of the catalog"),
        "training_time": plots.against(compared, metric, "fit_seconds", "Seconds to fit", log=True),
    }
    named = f"{OVER}{results[0].plan.against}"
    if named in compared and compared[named].notna().any():
        drawn["against"] = plots.gains(compared, metric, named)
    gains = table.lifts(results)
    if len(gains):
        drawn["lift"] = plots.lift(gains, metric)
        gains.to_csv(folder / "lift.csv", index=False)
    for name, figure in drawn.items():
        figure.savefig(folder / f"{name}.png", dpi=110)
