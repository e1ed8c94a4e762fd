"""What ``python -m training.tune`` does: check everything, search a model at a time, keep it."""

from __future__ import annotations

import hashlib
import logging
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

import orjson
from omegaconf import DictConfig
from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from features.store.files import snapshot_states
from training.data import Prepared
from training.metrics import is_error
from training.plan import Plan
from training.report import write_rows
from training.runner import prepare, services
from training.tracking.store import TrackingStore
from training.tuning import plots
from training.tuning.log import TuningRuns, best_value
from training.tuning.measure import Measure, measuring, tuning_of
from training.tuning.outcome import Outcome
from training.tuning.search import Search, study_in
from training.tuning.settings import Budget
from training.tuning.space import Space
from training.tuning.table import Found, markdown, report_rows
from training.tuning.winners import Winner, write_winner

_log = logging.getLogger(__name__)
_FAILURES = (ValueError, FileNotFoundError, MemoryError, ArithmeticError, ImportError)


@dataclass(frozen=True, eq=False)
class Task:
    """One model to tune: its plan and what may be tried."""

    model: str
    plan: Plan
    space: Space


def tune(configs: Mapping[str, DictConfig], given: Sequence[str] = ()) -> list[Found]:
    """Tune every model of ``configs`` (by name) and return what was found.

    Parameters
    ----------
    configs : dict of str to DictConfig
        Configuration of ``python -m training.tune`` by model.
    given : sequence of str
        Arguments that use of the winners needs as well, such as ``experiment=…``.

    Ends with exit code 2 if a setting is wrong, before any work; 1 if the data fails, or a model
    in every trial.
    """
    first = next(iter(configs.values()))
    try:
        budget = Budget.of(first)
        tasks = [_task(name, config) for name, config in configs.items()]
        store = TrackingStore(first.tracking.folder, first.tracking.uri)
    except ValueError as error:
        _stop(error, 2)
    try:
        return _all(tasks, budget, store, given)
    except _FAILURES as error:
        _log.debug("failed", exc_info=True)
        _stop(error, 1)


def _task(model: str, config: DictConfig) -> Task:
    plan = Plan.of(config, model)
    changes: Any = plan.config["search"].get(model)
    space = Space.named(model, plan.config["model"], changes)
    space.check()
    space.defaults()
    return Task(model, plan, space)


def _all(
    tasks: Sequence[Task], budget: Budget, store: TrackingStore, given: Sequence[str]
) -> list[Found]:
    plan = tasks[0].plan
    data = tuning_of(plan, budget.windows)
    key = _digest([split.hash for split in data.splits], plan.task.value, plan.metric, budget.seed)
    runs = TuningRuns(store, plan, key)
    found: list[Found] = []
    with measuring(budget.processes, budget.threads) as measure, logging_redirect_tqdm():
        for task in tasks:
            found.append(_one(task, budget, data, runs, measure))
            _keep(found[-1], task, budget, data, given)
    text = markdown(found, budget, plan, data)
    reports = Path(plan.config["data_dir"]) / "reports"
    write_rows(reports / f"{plan.experiment}-tuning.json", report_rows(found, plan, data))
    failed = [each.model for each in found if each.best is None]
    best_value(store, runs.parent, plan.metric, [t for each in found for t in each.tried])
    runs.finish({"tuning.md": text}, _figures(found, plan.metric), failed=bool(failed))
    sys.stdout.write(f"\n{text}\n")
    if failed:
        raise ValueError(f"every trial failed: {', '.join(failed)}; the log says why")
    return found


def _one(task: Task, budget: Budget, data: Prepared, runs: TuningRuns, measure: Measure) -> Found:
    """Search, or go on searching, for the settings of one model."""
    plan, workspace = task.plan, data.workspace
    parameters = {name: asdict(domain) for name, domain in task.space.parameters.items()}
    key = _digest(runs.key, plan.model_key, parameters, features_read(plan, data))
    name = f"{plan.task.value}/{task.model}/{key}"
    least = is_error(plan.metric)
    with study_in(workspace.root / "tuned" / "studies.db", name, least=least) as study:
        search = Search(study, task.space, budget, plan.config, task.model)
        known = len(search.tried())
        if known:
            _log.info("%s: %d trials are known, going on", task.model, known)
        with tqdm(total=budget.trials, initial=known, desc=task.model, unit=" trials",
                  dynamic_ncols=True) as bar:  # fmt: skip
            tried = search.run(measure, runs.of(task.model, name), lambda found: _moved(bar, found))
        return Found(task.model, tried, search.seconds, search.importances(), plan.metric)


def features_read(plan: Plan, data: Prepared) -> dict[str, str]:
    """Return which features the model may read; trials measured on others are not its own."""
    newest = data.splits[0].cutoff
    if newest is None or services(plan, data)[0] is None:
        return {}
    return snapshot_states(data.workspace, newest)


def _moved(bar: tqdm[Any], found: Outcome) -> None:
    bar.set_postfix_str(f"last {found.state} {found.value:.4f}", refresh=False)
    bar.update()


def _keep(found: Found, task: Task, budget: Budget, data: Prepared, given: Sequence[str]) -> None:
    """Write the settings that won where ``tuned=true`` looks for them."""
    if found.best is None:
        return
    test = prepare(task.plan).splits[-1]
    winner = Winner(
        model=task.model,
        metric=task.plan.metric,
        settings=found.best.settings,
        value=found.best.outcome.value,
        default=found.default,
        windows=[split.name for split in data.splits],
        until=None if test.cutoff is None else test.cutoff.isoformat(),
        test_hash=test.hash,
        trials=len(found.tried),
        seed=budget.seed,
    )
    _log.info("%s: wrote %s", task.model, write_winner(task.plan, winner, given))


def _figures(found: Sequence[Found], metric: str) -> dict[str, Any]:
    figures = {"history.png": plots.history({each.model: each.tried for each in found}, metric)}
    for each in found:
        if each.importances:
            name = f"importance_{each.model}.png"
            figures[name] = plots.importances(each.importances, each.model)
    return figures


def _digest(*values: Any) -> str:
    text = orjson.dumps(values, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(text).hexdigest()[:16]


def _stop(error: Exception, code: int) -> NoReturn:
    sys.stderr.write(f"error: {error}\n")
    sys.exit(code)
