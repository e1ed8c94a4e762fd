"""Do one experiment: data, split, fit, evaluate. Knows nothing of where results are kept."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from training.bundle import Bundle
from training.data import Prepared
from training.evaluate import Evaluation, evaluate
from training.memory import peak_mb, reset_peak
from training.models.base import Recommender
from training.models.fallback import WithFallback
from training.models.popular import RecentPopularity
from training.plan import Plan

if TYPE_CHECKING:
    from training.interactions import Interactions

_log = logging.getLogger(__name__)
_KEPT = 2  # prepared data sets remembered, so that a sweep reads its data once
_prepared: OrderedDict[str, Prepared] = OrderedDict()
READS_FEATURES = ("Ranker", "Content", "EASEWithFeatures", "TwoTower")


@dataclass(frozen=True, eq=False)
class Result:
    """What an experiment found.

    Parameters
    ----------
    plan : Plan
    model : Recommender
        Fitted on the newest split.
    evaluations : list of Evaluation
        One a split, the newest first.
    fit_seconds, rank_seconds : float
        Of the newest split.
    peak_mb : float
        Peak memory of the process meanwhile.
    prepared : Prepared
    """

    plan: Plan
    model: Recommender
    evaluations: Sequence[Evaluation]
    fit_seconds: float
    rank_seconds: float
    peak_mb: float
    prepared: Prepared = field(repr=False)

    @property
    def evaluation(self) -> Evaluation:
        """The evaluation by the newest split."""
        return self.evaluations[0]

    @property
    def value(self) -> float:
        """The metric that runs are compared by."""
        return self.evaluation.summary[self.plan.metric].value


def prepare(plan: Plan) -> Prepared:
    """Return the data of ``plan``, read once for all plans that share it."""
    if plan.data_key in _prepared:
        _prepared.move_to_end(plan.data_key)
        return _prepared[plan.data_key]
    while len(_prepared) >= _KEPT:
        _prepared.popitem(last=False)
    found = plan.data.prepare(plan.splitter)
    _prepared[plan.data_key] = found
    return found


def forget() -> None:
    """Forget prepared data: the next experiment reads it anew."""
    _prepared.clear()


def run(plan: Plan, prepared: Prepared | None = None) -> Result:
    """Fit and evaluate ``plan`` on every split of its data, the newest first."""
    prepared = prepared or prepare(plan)
    reset_peak()
    fitted: list[Recommender] = []
    evaluations, seconds = [], []
    for split in prepared.splits:
        started = time.perf_counter()
        model = fit(plan, prepared, split.train, split.cutoff)
        seconds.append(time.perf_counter() - started)
        fitted = fitted or [model]
        evaluations.append(
            evaluate(model, split, plan.task, plan.k, prepared.reader(split.cutoff),
                     categories=prepared.categories)
        )  # fmt: skip
        best = evaluations[-1].summary[plan.metric]
        _log.info(
            "%s on %s: %s %.4f [%.4f, %.4f], fitted in %.1f s",
            plan.model_name, split.name, plan.metric, best.value, best.low, best.high, seconds[-1],
        )  # fmt: skip
    return Result(
        plan=plan,
        model=fitted[0],
        evaluations=evaluations,
        fit_seconds=seconds[0],
        rank_seconds=evaluations[0].seconds,
        peak_mb=peak_mb(),
        prepared=prepared,
    )


def fit(
    plan: Plan, prepared: Prepared, interactions: Interactions, moment: datetime | None
) -> Recommender:
    """Fit the model of ``plan``, with its fallback, with features as of ``moment``."""
    model = fresh(plan.model)
    if plan.fallback is not None and not isinstance(model, RecentPopularity):
        model = WithFallback(primary=model, fallback=fresh(plan.fallback))
    return model.fit(interactions, prepared.reader(moment))


def fresh(model: Recommender) -> Recommender:
    """Return an unfitted copy, so that one plan can be run several times."""
    given = {
        name: {k: fresh(part) for k, part in value.items()} if _holds_models(value) else value
        for name, value in model.parameters().items()
    }
    return type(model)(**given)


def bundle_of(result: Result, *, model: Recommender | None = None, run_id: str = "") -> Bundle:
    """Wrap what serving needs; ``model`` replaces the evaluated one (a refit on everything)."""
    from training.tracking.names import commit  # noqa: PLC0415

    plan, found = result.plan, result.evaluation
    reads = services(plan, result.prepared)
    known = {name: each for name, each in found.summary.items() if each.low == each.low}
    return Bundle(
        model=model or result.model,
        name=plan.model_name,
        workspace=result.prepared.workspace.name,
        task=plan.task.value,
        metrics={name: each.value for name, each in found.summary.items()},
        intervals={name: (each.low, each.high) for name, each in known.items()},
        split=found.split,
        split_hash=found.split_hash,
        feature_service=reads[0],
        item_service=reads[1],
        data_versions=dict(result.prepared.versions),
        config=dict(plan.config),
        run_id=run_id,
        commit=commit(),
    )


def services(plan: Plan, prepared: Prepared) -> tuple[str | None, str | None]:
    """Return the Feast services over customers and items that the model of ``plan`` reads."""
    if prepared.profiled and _reads_features(plan.model):
        return "ranker_v1", "ranker_items_v1"
    return None, None


def _reads_features(model: Recommender) -> bool:
    """Whether the model, or one it is composed of, reads features when it is asked."""
    if type(model).__name__ in READS_FEATURES:
        return True
    given = [value for value in model.parameters().values() if _holds_models(value)]
    return any(_reads_features(part) for parts in given for part in parts.values())


def _holds_models(value: object) -> bool:
    return isinstance(value, dict) and any(isinstance(v, Recommender) for v in value.values())
