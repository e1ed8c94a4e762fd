"""What ``python -m training`` does with a configuration: check, run, keep."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from omegaconf import DictConfig

from training.attributes import read_attributes
from training.coldstart.settings import ColdStart
from training.data import Prepared
from training.plan import Plan, PlanError
from training.report import Row, rows_of, write_rows
from training.runner import prepare, run
from training.tracking import table
from training.tracking.log import log_result, tracked_run
from training.tracking.store import TrackingStore
from training.tracking.sweep import Sweep, current
from training.tuning.winners import refuse_seen, tuned

_log = logging.getLogger(__name__)
_MISTAKES = (ValueError, FileNotFoundError, MemoryError, ArithmeticError, ImportError)


def train(
    config: DictConfig, model_name: str, choice: str = "", given: Sequence[str] = ()
) -> float:
    """Do the experiment of ``config`` and return the metric that runs are compared by.

    ``choice`` is the group choice of the model and ``given`` the arguments of the call, for
    ``tuned=true``.

    In a sweep, a job whose model or data fails is reported and gives NaN; the others go on. A
    setting that is wrong ends everything with exit code 2, a failed single run with 1.
    """
    if config.task in ("classifier", "text_benchmark"):
        return _of_texts(config)
    sweep = current()
    try:
        plan = Plan.of(tuned(config, choice or model_name, given), model_name)
        cold_start = ColdStart.of(plan.config)
        store = TrackingStore(config.tracking.folder, config.tracking.uri)
    except ValueError as error:
        if sweep is not None:
            sweep.failures.append(str(error))
            sweep.finish()
        _stop(error, 2)
    try:
        if plan.study is not None:
            return _studied(plan, store)
        return _tracked(plan, store, sweep, cold_start, keep_bundle=config.tracking.bundle)
    except _MISTAKES as error:
        _log.debug("failed", exc_info=True)
        if sweep is None:
            _stop(error, 1)
        _log.error("%s: %s", plan.model_name, error)
        sweep.failures.append(f"{plan.model_name}: {error}")
        return float("nan")


def _of_texts(config: DictConfig) -> float:
    from training.classify.verb import classify  # noqa: PLC0415  (reads texts: no need elsewhere)
    from training.textbench.verb import text_benchmark  # noqa: PLC0415

    task = classify if config.task == "classifier" else text_benchmark
    try:
        return task(config, TrackingStore(config.tracking.folder, config.tracking.uri))
    except PlanError as error:
        _stop(error, 2)
    except _MISTAKES as error:
        _log.debug("failed", exc_info=True)
        sweep = current()
        if sweep is None:
            _stop(error, 1)
        _log.error("%s", error)
        sweep.failures.append(str(error))
        return float("nan")


def _studied(plan: Plan, store: TrackingStore) -> float:
    from training.studies.verb import studied  # noqa: PLC0415  (draws: no need elsewhere)

    return studied(plan, store)


def _tracked(
    plan: Plan,
    store: TrackingStore,
    sweep: Sweep | None,
    cold_start: ColdStart | None,
    *,
    keep_bundle: bool,
) -> float:
    prepared = prepare(plan)  # before a run is opened: there may be nothing to learn from
    read_attributes(prepared, plan.groups.attributes)  # a name that nobody has fails now
    refuse_seen(plan, prepared)
    parent = None if sweep is None else sweep.parent(store, plan)
    with tracked_run(store, plan, parent) as run_id:
        result = run(plan, prepared)
        log_result(store, result, run_id, bundle=keep_bundle)
        _log.info("%s: kept as run %s", table.told(result), run_id)
        rows = rows_of(result)
        if cold_start is not None:
            rows += _started_cold(plan, prepared, cold_start, store)
    reports = Path(plan.config["data_dir"]) / "reports"
    write_rows(reports / f"{plan.experiment}.json", rows)
    if sweep is not None and parent is not None:
        sweep.results.append((parent, result))
    return result.value


def _started_cold(
    plan: Plan, prepared: Prepared, settings: ColdStart, store: TrackingStore
) -> list[Row]:
    from training.coldstart.measure import measure, metrics_named  # noqa: PLC0415  (Feast)

    rows = measure(plan, prepared, settings)
    store.connect().log_metrics(metrics_named(rows))
    return rows


def _stop(error: Exception, code: int) -> NoReturn:
    sys.stderr.write(f"error: {error}\n")
    sys.exit(code)
