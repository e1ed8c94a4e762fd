"""Do the study of a plan and keep what it found in MLflow and in ``data/reports``."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

from training.plan import Plan
from training.report import write_rows
from training.runner import prepare
from training.studies.base import Findings
from training.tracking.log import tags_of
from training.tracking.names import flattened, plain
from training.tracking.store import TrackingStore
from training.tracking.table import markdown

_log = logging.getLogger(__name__)


def studied(plan: Plan, store: TrackingStore) -> float:
    """Return the main number of the study; its run has the role ``study``, which no gate judges.

    Raises
    ------
    ValueError
        If the plan has no study.
    """
    if plan.study is None:
        raise ValueError("study: expected a study in the configuration, e.g. experiment=diversity")
    prepared = prepare(plan)
    mlflow = store.connect()
    with mlflow.start_run(
        experiment_id=store.experiment(plan.data.workspace.name, plan.task.value),
        run_name=f"{plan.experiment} {plan.model_name}",
        tags=tags_of(plan) | {"role": "study"},
    ):
        names = ("model", "split", "data", "study")
        mlflow.log_params(flattened({name: plan.config[name] for name in names}))
        found = plan.study.measure(plan, prepared)
        mlflow.log_metrics({plain(f"{r.model}/{r.metric}"): r.value for r in found.rows})
        with tempfile.TemporaryDirectory() as folder:
            _write(Path(folder), plan, found)
            mlflow.log_artifacts(folder)
    write_rows(Path(plan.config["data_dir"]) / "reports" / f"{plan.experiment}.json", found.rows)
    _log.info("\n%s", markdown(found.table))
    return found.value


def _write(folder: Path, plan: Plan, found: Findings) -> None:
    (folder / f"{plan.experiment}.md").write_text(markdown(found.table), encoding="utf-8")
    for name, figure in found.figures.items():
        figure.savefig(folder / f"{name}.png", dpi=110)
