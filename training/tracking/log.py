"""Keep one result as an MLflow run: settings, metrics, plots, values by customer, bundle."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from omegaconf import OmegaConf

from training.bundle import Bundle
from training.fairness import fairness, write_fairness
from training.groups import write_gaps
from training.metrics.calibration import reliability
from training.models.ranker import Ranker
from training.models.reranking.base import scorer_of
from training.plan import Plan
from training.runner import Result, bundle_of
from training.tracking import plots
from training.tracking.names import commit, flattened, metrics_named
from training.tracking.store import TrackingStore

if TYPE_CHECKING:
    from mlflow.entities import Run

CUSTOMERS = "customers.parquet"
_PARAMS = ("model", "split", "data", "k", "seeds")
_CODE = Path(__file__).with_name("served_bundle.py")
_REQUIREMENTS = ["huaxiang[training]"]


@contextmanager
def tracked_run(
    store: TrackingStore, plan: Plan, parent: str | None = None, role: str = "model"
) -> Iterator[str]:
    """Open a run for ``plan`` (nested below ``parent``); it ends FAILED if the body raises.

    Only the role ``model`` is a candidate for `python -m training.promote`.
    """
    mlflow = store.connect()
    workspace = plan.data.workspace.name
    with mlflow.start_run(
        experiment_id=store.experiment(workspace, plan.task.value),
        run_name=plan.model_name,
        parent_run_id=parent,
        nested=parent is not None,
        tags=tags_of(plan) | {"role": role} | ({"sweep": parent} if parent else {}),
    ) as run:
        mlflow.log_params(flattened({k: plan.config[k] for k in _PARAMS if k in plan.config}))
        yield str(run.info.run_id)


def tags_of(plan: Plan) -> dict[str, str]:
    """Return what runs are searched and compared by."""
    return {
        "model": plan.model_name,
        "task": plan.task.value,
        "workspace": plan.data.workspace.name,
        "experiment": plan.experiment,
        "metric": plan.metric,
        "model_key": plan.model_key,
        "data_key": plan.data_key,
        "commit": commit(),
    }


def log_result(store: TrackingStore, result: Result, run_id: str, *, bundle: bool = True) -> None:
    """Log ``result`` into the open run."""
    mlflow = store.connect()
    found = result.evaluation
    mlflow.set_tags(
        {
            "split": found.split,
            "split_hash": found.split_hash,
            "data_versions": orjson.dumps(dict(result.prepared.versions)).decode(),
        }
    )
    mlflow.log_metrics(metrics_named(result))
    if past := [gap.words for gap in result.gaps if not gap.passed]:
        mlflow.set_tag("warning", "; ".join(past))
    _log_inputs(mlflow, result)
    with tempfile.TemporaryDirectory() as folder:
        _write_artifacts(Path(folder), result)
        mlflow.log_artifacts(folder)
    if bundle:
        log_bundle(store, bundle_of(result, run_id=run_id))


def log_bundle(store: TrackingStore, bundle: Bundle) -> str:
    """Log ``bundle`` as an MLflow model of the open run and return its URI."""
    mlflow = store.connect()
    from mlflow.models import ModelSignature  # noqa: PLC0415
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema  # noqa: PLC0415

    signature = ModelSignature(
        inputs=Schema([ColSpec(DataType.string, "customer_id")]),
        params=ParamSchema([ParamSpec("k", DataType.long, 20)]),
    )
    with tempfile.TemporaryDirectory() as folder:
        bundle.save(Path(folder) / "bundle")
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=UserWarning, module="mlflow")
            info = mlflow.pyfunc.log_model(
                name="bundle",
                python_model=str(_CODE),
                artifacts={"bundle": str(Path(folder) / "bundle")},
                signature=signature,
                pip_requirements=_REQUIREMENTS,
            )
    return str(info.model_uri)


def plan_of_run(client: Any, of: Run, like: Run | None = None) -> Plan:
    """Build the plan of a run again; ``like`` gives data and split of another run."""

    def config(run_of: Run) -> dict[str, Any]:
        path = client.download_artifacts(run_of.info.run_id, "config.json")
        found: dict[str, Any] = orjson.loads(Path(path).read_bytes())
        return found

    found = config(of)
    if like is not None:
        other = config(like)
        found |= {name: other[name] for name in ("data", "split", "k", "workspace")}
        found |= {name: other[name] for name in ("seeds", "groups") if name in other}
    return Plan.of(OmegaConf.create(found), of.data.tags["model"])


def _log_inputs(mlflow: Any, result: Result) -> None:
    """Name the data that was read, so that the UI shows it with the run."""
    from mlflow.data.http_dataset_source import HTTPDatasetSource  # noqa: PLC0415
    from mlflow.data.meta_dataset import MetaDataset  # noqa: PLC0415

    source = HTTPDatasetSource(result.prepared.workspace.store.as_uri())
    found = result.evaluation
    train = result.prepared.splits[0].train.digest
    for context, digest in (("training", train), ("evaluation", found.split_hash)):
        name = f"{result.prepared.workspace.name}:{found.split}"
        mlflow.log_input(MetaDataset(source, name=name, digest=digest[:32]), context=context)


def _write_artifacts(folder: Path, result: Result) -> None:
    found = result.evaluation
    found.customers.to_parquet(folder / CUSTOMERS)
    options = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
    (folder / "config.json").write_bytes(orjson.dumps(result.plan.config, option=options))
    write_gaps(folder, result.gaps)
    write_fairness(folder, fairness(result))
    drawn = folder / "plots"
    drawn.mkdir()
    plots.by_stratum(found, result.plan.metric).savefig(drawn / "strata.png", dpi=110)
    plots.by_rank(found).savefig(drawn / "list_length.png", dpi=110)
    for place, gap in enumerate(result.gaps):
        plots.by_group(gap).savefig(drawn / f"groups_{place + 1}.png", dpi=110)
    ranker = scorer_of(result.model)
    promised = reliability(found.promised)
    if len(promised):
        promised.to_csv(folder / "calibration.csv", index=False)
        plots.calibration(promised).savefig(drawn / "calibration.png", dpi=110)
    curve = result.model.learning_curve()
    if len(curve):
        curve.to_csv(folder / "learning_curve.csv", index=False)
        plots.learning(curve).savefig(drawn / "learning_curve.png", dpi=110)
    if isinstance(ranker, Ranker):
        gains, owners = ranker.booster.importance(), ranker.booster.owners
        plots.importance(gains, owners).savefig(drawn / "importance.png", dpi=110)
        rows = [{"feature": n, "group": owners[n], "gain": gain} for n, gain in gains.items()]
        (folder / "importance.json").write_bytes(orjson.dumps(rows, option=options))
