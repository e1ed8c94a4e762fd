"""Fit everything on the newest window as one sweep, and ask the gate who may lead."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from training.data import Prepared
from training.gate import Holder, Verdict, judge
from training.plan import Plan
from training.report import rows_of, write_rows
from training.retraining.plans import Plans
from training.retraining.settings import Settings
from training.runner import run
from training.tracking import table
from training.tracking.log import log_result, tracked_run
from training.tracking.store import TrackingStore
from training.tracking.sweep import Sweep
from training.tuning.winners import refuse_seen

_log = logging.getLogger(__name__)
FAILURES = (ValueError, OSError, MemoryError, ArithmeticError, ImportError, LookupError)


def swept(store: TrackingStore, plans: Plans, prepared: Prepared) -> tuple[str, Sequence[str]]:
    """Fit and judge every plan; return the run id of the sweep and what failed.

    The runs have the role ``retrained``: a later ``python -m training.promote`` judges the latest
    sweep that a person made.
    """
    sweep, parent = Sweep(), ""
    for plan in (plans.champion, *plans.others):
        parent = sweep.parent(store, plan)
        try:
            _fitted(store, plan, prepared, sweep, parent)
        except FAILURES as error:
            _log.debug("failed", exc_info=True)
            _log.error("%s: %s", plan.model_name, error)
            sweep.failures.append(f"{plan.model_name}: {error}")
    sweep.finish()
    return parent, sweep.failures


def verdicts(
    store: TrackingStore, settings: Settings, plans: Plans, sweep: str, served: Holder | None
) -> Sequence[Verdict]:
    """Judge the best run; where it may not lead, also the champion's configuration, fitted anew.

    Without the second, a challenger that is as good as the champion by chance would keep it from
    ever learning of newer data.
    """
    champion = plans.champion

    def judged(model_key: str | None) -> Verdict:
        return judge(
            store,
            settings.workspace,
            champion.task.value,
            metric=champion.metric,
            baseline=settings.baseline,
            limits=settings.guards,
            sweep=sweep,
            model_key=model_key,
            served=served,
        )

    best = judged(None)
    if best.passed or best.refresh or best.stale:
        return [best]
    return [best, judged(champion.model_key)]


def _fitted(
    store: TrackingStore, plan: Plan, prepared: Prepared, sweep: Sweep, parent: str
) -> None:
    refuse_seen(plan, prepared)
    with tracked_run(store, plan, parent, role="retrained") as run_id:
        result = run(plan, prepared)
        log_result(store, result, run_id, bundle=False)
        _log.info("%s: kept as run %s", table.told(result), run_id)
    reports = Path(plan.config["data_dir"]) / "reports"
    write_rows(reports / f"{plan.experiment}.json", rows_of(result))
    sweep.results.append((parent, result))
