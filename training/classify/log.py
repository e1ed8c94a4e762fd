"""Keep a classifier as an MLflow run: settings, metrics, plots, tables, and a registered version.

No text leaves the workspace with it: held-out texts are kept as hashes.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from features.text.base import content_hash
from features.text.classifier.examples import UNKNOWN
from features.text.classifier.load import FINETUNED, Classifier
from training.classify import plots
from training.classify.experiment import Result
from training.classify.registry import ARTIFACT, ClassifierRegistry
from training.classify.scores import by_label, confusion
from training.labeling.agreement import Agreement
from training.metrics import Interval
from training.report import Row
from training.tracking.names import commit, flattened
from training.tracking.store import TrackingStore

TASK = "classifier"
ROLE = "classifier"
_CODE = Path(__file__).parents[1] / "tracking" / "served_classifier.py"
_REQUIREMENTS = ["huaxiang[features]"]
_FINETUNED_REQUIREMENTS = ["huaxiang[features,training,finetune]"]


@contextmanager
def tracked(
    store: TrackingStore, workspace: str, name: str, config: Mapping[str, Any]
) -> Iterator[str]:
    """Open a run for a classifier of ``name``; it ends FAILED if the body raises."""
    mlflow = store.connect()
    with mlflow.start_run(
        experiment_id=store.experiment(workspace, TASK),
        run_name=name,
        tags={"role": ROLE, "task": TASK, "workspace": workspace, "taxonomy": name,
              "commit": commit()},
    ) as run:  # fmt: skip
        mlflow.log_params(flattened({"classifier": dict(config["classifier"]), "labels":
                                     config.get("labels")}))  # fmt: skip
        mlflow.log_dict(dict(config), "config.json")
        yield str(run.info.run_id)


def log_result(store: TrackingStore, workspace: str, result: Result, run_id: str) -> None:
    """Log ``result`` into the open run and register its classifier."""
    mlflow = store.connect()
    told = {"tier": result.model.tier, "version": result.model.version,
            "data_hash": result.corpus.digest, "origin": result.corpus.origin,
            "held_out": str(result.settings.held_out)}  # fmt: skip
    mlflow.set_tags(told)
    mlflow.log_metrics(result.metrics)
    mlflow.log_metrics({f"folds/{tier}": value for tier, value in result.tiers.items()})
    for point in result.curve:
        mlflow.log_metric("curve/macro_f1", point.macro_f1.value, step=point.labels)
    _log_input(mlflow, workspace, result, store)
    with tempfile.TemporaryDirectory() as folder:
        write_artifacts(Path(folder), result)
        mlflow.log_artifacts(folder)
    registry = ClassifierRegistry(workspace, result.corpus.name, store)
    value = f"{result.macro_f1.value:.4f}"
    registry.register(_log_model(mlflow, result.model), told | {"run": run_id, "macro_f1": value})


def log_agreement(store: TrackingStore, found: Agreement) -> None:
    """Log how much those agree who labeled into the open run."""
    mlflow = store.connect()
    mlflow.log_dict(found.as_dict(), "agreement.json")
    mlflow.log_metric("agreement/texts", found.texts)
    if found.alpha is not None:
        mlflow.log_metric("agreement/alpha", found.alpha)


def write_artifacts(folder: Path, result: Result) -> None:
    """Write tables and plots of a result into a folder."""
    held, answers = result.held_out, result.answers
    nearest = np.array(answers.nearest)
    named = np.array(held.labels) != UNKNOWN
    labels, table = confusion(held.labels, answers.served)
    drawn = folder / "plots"
    drawn.mkdir(parents=True)
    right = (nearest == np.array(held.labels))[named]
    sure = answers.confidence.astype(float)[named]
    figures = {
        "confusions": plots.confusions(labels, table),
        "reliability": plots.calibration(sure, right, result.metrics["calibration_error"]),
        "learning_curve": plots.curve(result.curve, result.metrics["starter/macro_f1"]),
    }
    for name, figure in figures.items():
        figure.savefig(drawn / f"{name}.png", dpi=110)
    truth = [held.labels[row] for row in np.flatnonzero(named)]
    report = {
        "labels": by_label(truth, nearest[named].tolist()),
        "confusions": most_confused(labels, table),
        "curve": [{"labels": p.labels, **interval(p.macro_f1)} for p in result.curve],
        "metrics": result.metrics,
        "tiers": result.tiers,
        "tier": result.model.tier,
    }
    (folder / "report.json").write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2))
    rows = {
        "hash": [content_hash(text) for text in held.texts],
        "label": held.labels,
        "served": answers.served,
        "nearest": answers.nearest,
        "confidence": answers.confidence,
    }
    pq.write_table(pa.table(rows), folder / "held_out.parquet")


def most_confused(labels: tuple[str, ...], table: Any, most: int = 30) -> list[dict[str, Any]]:
    """Return the pairs of labels that were taken for each other, the most frequent first."""
    wrong = [
        {"label": labels[row], "answer": labels[column], "texts": int(table[row, column])}
        for row, column in zip(*np.nonzero(table), strict=True)
        if row != column
    ]
    return sorted(wrong, key=lambda each: (-each["texts"], each["label"], each["answer"]))[:most]


def interval(found: Interval) -> dict[str, float]:
    """Return an interval as JSON values."""
    return {"value": found.value, "low": found.low, "high": found.high}


def rows_of(result: Result, workspace: str) -> list[Row]:
    """Return what was measured as rows of ``data/reports``."""
    shared: dict[str, Any] = {
        "dataset": f"{workspace}: {result.corpus.name}",
        "protocol": f"held out {result.settings.held_out:g} by content",
        "model": result.model.tier,
        "n": len(result.held_out.texts),
        "seconds": round(result.fit_seconds, 2),
    }
    metrics, found = result.metrics, result.macro_f1
    plain = ("accuracy", "calibration_error", "served/unknown_share", "starter/macro_f1")
    return [
        Row(metric="macro_f1", value=found.value, low=found.low, high=found.high, **shared),
        *(Row(metric=name, value=metrics[name], **shared) for name in plain),
    ]


def _log_input(mlflow: Any, workspace: str, result: Result, store: TrackingStore) -> None:
    from mlflow.data.http_dataset_source import HTTPDatasetSource  # noqa: PLC0415
    from mlflow.data.meta_dataset import MetaDataset  # noqa: PLC0415

    source = HTTPDatasetSource(store.folder.as_uri())
    parts = {"training": result.corpus, "evaluation": result.held_out}
    for context, corpus in parts.items():
        name = f"{workspace}:{corpus.name} labels"
        mlflow.log_input(MetaDataset(source, name=name, digest=corpus.digest[:32]), context=context)


def _log_model(mlflow: Any, model: Classifier) -> str:
    from mlflow.models import ModelSignature  # noqa: PLC0415
    from mlflow.types import ColSpec, DataType, Schema  # noqa: PLC0415

    signature = ModelSignature(
        inputs=Schema([ColSpec(DataType.string, "text")]),
        outputs=Schema([ColSpec(DataType.string, "label"), ColSpec(DataType.float, "confidence")]),
    )
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        model.save(Path(folder) / ARTIFACT)
        warnings.filterwarnings("ignore", category=UserWarning, module="mlflow")
        info = mlflow.pyfunc.log_model(
            name=ARTIFACT,
            python_model=str(_CODE),
            artifacts={ARTIFACT: str(Path(folder) / ARTIFACT)},
            signature=signature,
            pip_requirements=(
                _FINETUNED_REQUIREMENTS if model.tier == FINETUNED else _REQUIREMENTS
            ),
        )
    return str(info.model_uri)
