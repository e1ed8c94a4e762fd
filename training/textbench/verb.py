"""``python -m training experiment=text_benchmark``: every protocol, one table, one tracked run."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Any

from hydra.utils import get_method
from omegaconf import DictConfig, OmegaConf
from pydantic import BaseModel, ConfigDict, ValidationError
from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from ingest.told import reason
from training.plan import PlanError
from training.report import write_rows
from training.textbench.row import Row
from training.textbench.table import show
from training.tracking.names import commit, plain
from training.tracking.store import TrackingStore

_log = logging.getLogger(__name__)
_MISTAKES = (ValueError, FileNotFoundError, MemoryError, ImportError)

Measure = Callable[[Path, Path], Iterator[Row]]


class Settings(BaseModel):
    """What is measured on which data.

    Parameters
    ----------
    data : Path
        Folder of the public data sets.
    cache : Path
        Folder that keeps sentence vectors from one run to the next.
    only : tuple of str
        Names of the measurements to do; none for all of them.
    measures : dict of str
        By name, the path of a function that yields the rows of one data set.

    Raises
    ------
    PlanError
        If a key is unknown or missing, or ``only`` names a measurement that there is not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path
    cache: Path
    only: tuple[str, ...] = ()
    measures: dict[str, str]

    @classmethod
    def of(cls, config: DictConfig) -> Settings:
        """Check the part ``textbench`` of a configuration."""
        found = config.get("textbench")
        if found is None:
            raise PlanError(
                "task=text_benchmark: textbench is missing; use experiment=text_benchmark"
            )
        given: Any = OmegaConf.to_container(found, resolve=True)
        if given.get("data") is None:
            raise PlanError(
                "textbench.data: expected the folder of the public data sets, got nothing; run "
                "HUAXIANG_DATA=FOLDER python -m training experiment=text_benchmark"
            )
        try:
            settings = cls(**given)
        except ValidationError as error:
            raise PlanError(f"textbench: {reason(error)}") from error
        unknown = [name for name in settings.only if name not in settings.measures]
        if unknown:
            raise PlanError(
                f"textbench.only: expected some of {', '.join(settings.measures)}, got "
                f"{', '.join(unknown)}"
            )
        return settings

    def chosen(self) -> dict[str, Measure]:
        """Return the measurements to do, by name.

        Raises
        ------
        PlanError
            If there is no function at a path.
        """
        found: dict[str, Measure] = {}
        for name in self.only or self.measures:
            try:
                found[name] = get_method(self.measures[name])
            except (ImportError, ValueError) as error:
                raise PlanError(f"textbench.measures.{name}: {error}") from error
        return found


def text_benchmark(config: DictConfig, store: TrackingStore) -> float:
    """Measure, show, keep in MLflow and in ``data/reports/text_benchmark.json``.

    Returns
    -------
    float
        Share of the rows with a reference that reach it.

    Raises
    ------
    PlanError
        If a setting is wrong; nothing was measured.
    ValueError
        If a measurement failed; the others were done and kept.
    """
    settings = Settings.of(config)
    measures = settings.chosen()
    report = Path(config.data_dir) / "reports" / f"{config.experiment_name}.json"
    mlflow = store.connect()
    experiment = store.experiment("public", "text_benchmark")
    tags = {"task": "text_benchmark", "commit": commit(), "role": "benchmark"}
    with mlflow.start_run(experiment_id=experiment, run_name=" ".join(measures), tags=tags):
        rows, failures = _measured(measures, settings, report)
        mlflow.log_params({"measures": ", ".join(measures), "data": str(settings.data)})
        mlflow.log_metrics({metric_name(row): row.value for row in rows})
        mlflow.log_dict({"rows": [asdict(row) for row in rows]}, report.name)
        show(rows)
        if failures:
            raise ValueError("; ".join(failures))
    held = [row.value >= row.reference for row in rows if row.reference is not None]
    return sum(held) / len(held) if held else float("nan")


def metric_name(row: Row) -> str:
    """Return the name of a row's value in MLflow, which takes few marks."""
    return plain(f"{row.dataset}/{row.metric}/{row.model}/{row.protocol}")


def _measured(
    measures: dict[str, Measure], settings: Settings, report: Path
) -> tuple[Sequence[Row], Sequence[str]]:
    """Return the rows of every measurement, each kept when it is there, and what failed."""
    rows: list[Row] = []
    failures: list[str] = []
    with logging_redirect_tqdm(), tqdm(measures.items(), unit=" sets", dynamic_ncols=True) as bar:
        for name, measure in bar:
            bar.set_description(name)
            started = perf_counter()
            try:
                for row in measure(settings.data, settings.cache):
                    rows.append(row)
                    write_rows(report, [row])
                    _log.info("%s, %s, %s: %s %.4f", row.dataset, row.protocol, row.model,
                              row.metric, row.value)  # fmt: skip
            except _MISTAKES as error:
                _log.debug("failed", exc_info=True)
                failures.append(f"{name}: {error}")
            _log.info("%s: %.1f s", name, perf_counter() - started)
    return rows, failures
