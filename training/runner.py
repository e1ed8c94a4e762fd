"""Do one experiment: data, split, fit, evaluate. Knows nothing of where results are kept."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from training.answers import warm_seconds
from training.bundle import Bundle
from training.data import Prepared
from training.evaluate import Evaluation, evaluate
from training.groups import Gap, gaps_of
from training.memory import peak_mb, reset_peak
from training.metrics.bootstrap import RESAMPLES
from training.metrics.pooling import averaged, pooled
from training.models.base import Recommender
from training.models.fallback import WithFallback
from training.models.popular import RecentPopularity
from training.models.reranking.base import Reranked, scorer_of
from training.plan import Plan

if TYPE_CHECKING:
    from training.interactions import Interactions
    from training.splits import Split

_log = logging.getLogger(__name__)
_KEPT = 2  # prepared data sets remembered, so that a sweep reads its data once
_prepared: OrderedDict[str, Prepared] = OrderedDict()


@dataclass(frozen=True, eq=False)
class Result:
    """What an experiment found.

    Parameters
    ----------
    plan : Plan
    model : Recommender
        Fitted on the newest split.
    evaluations : list of Evaluation
        One a split, the newest first; means over the seeds.
    evaluation : Evaluation
        All of them as one.
    fit_seconds : float
        Of the newest split, the mean over the seeds.
    rank_seconds : float
        Of all splits.
    warm_seconds : float
        To rank for 1,000 customers of the newest split, asked a second time.
    peak_mb : float
        Peak memory of the process meanwhile.
    prepared : Prepared
    """

    plan: Plan
    model: Recommender
    evaluations: Sequence[Evaluation]
    evaluation: Evaluation
    fit_seconds: float
    rank_seconds: float
    warm_seconds: float
    peak_mb: float
    prepared: Prepared = field(repr=False)

    @property
    def value(self) -> float:
        """The metric that runs are compared by."""
        return self.evaluation.main(self.plan.metric).value

    @cached_property
    def gaps(self) -> Sequence[Gap]:
        """How far apart groups of customers are on the newest split."""
        found = self.evaluations[0]
        return gaps_of(found, self.prepared, self.plan.metric, self.plan.groups)


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
    """Fit and evaluate ``plan`` on every split of its data, the newest first, with every seed."""
    prepared = prepared or prepare(plan)
    reset_peak()
    fitted: list[Recommender] = []
    seconds: list[float] = []
    trials: list[list[Evaluation]] = []  # by seed, then by split
    for repeat in range(plan.seeds if is_random(plan.model) else 1):
        trials.append([])
        for split in prepared.splits:
            started = time.perf_counter()
            model = fit(plan, prepared, split.train, split.cutoff, repeat)
            took = time.perf_counter() - started
            fitted = fitted or [model]
            seconds += [took] if split is prepared.splits[0] else []
            trials[-1].append(_judged(model, plan, prepared, split, took))
    warm = _warm_seconds(fitted[0], plan, prepared, trials[0][0])
    evaluations = [averaged(of_split) for of_split in zip(*trials, strict=True)]
    one_by_one = [pooled(trial, resamples=RESAMPLES if len(trials) == 1 else 0) for trial in trials]
    whole = averaged(one_by_one)
    return Result(
        plan=plan,
        model=fitted[0],
        evaluations=evaluations,
        evaluation=whole,
        fit_seconds=sum(seconds) / len(seconds),
        rank_seconds=whole.seconds,
        warm_seconds=warm,
        peak_mb=peak_mb(),
        prepared=prepared,
    )


def _judged(
    model: Recommender, plan: Plan, prepared: Prepared, split: Split, took: float
) -> Evaluation:
    """Evaluate the fitted ``model`` on ``split`` and say how good it was found."""
    found = evaluate(
        model, split, plan.task, plan.k, prepared.reader(split.cutoff),
        categories=prepared.categories,
    )  # fmt: skip
    best = found.main(plan.metric)
    _log.info(
        "%s on %s: %s %.4f [%.4f, %.4f], fitted in %.1f s",
        plan.model_name, split.name, plan.metric, best.value, best.low, best.high, took,
    )  # fmt: skip
    return found


def _warm_seconds(model: Recommender, plan: Plan, prepared: Prepared, found: Evaluation) -> float:
    """Ask a fitted ``model`` again, for what it takes when nothing is done for the first time."""
    split = prepared.splits[0]
    return warm_seconds(
        model, split, plan.task, max(found.k), customers=found.customers.index.tolist(),
        features=prepared.reader(split.cutoff),
    )  # fmt: skip


def fit(
    plan: Plan,
    prepared: Prepared,
    interactions: Interactions,
    moment: datetime | None,
    repeat: int = 0,
) -> Recommender:
    """Fit the model of ``plan``, with its fallback, with features as of ``moment``.

    ``repeat`` is added to the seeds of the model.
    """
    model = fresh(plan.model, repeat)
    if isinstance(model, Reranked):
        model.know(prepared.categories)
    if plan.fallback is not None and not isinstance(model, RecentPopularity):
        model = WithFallback(primary=model, fallback=fresh(plan.fallback))
    return model.fit(interactions, prepared.reader(moment))


def fresh(model: Recommender, repeat: int = 0) -> Recommender:
    """Return an unfitted copy, so that one plan can be run several times; seeds go up by repeat."""
    given: dict[str, Any] = {
        name: {k: fresh(part, repeat) for k, part in value.items()}
        if _holds_models(value)
        else value
        for name, value in model.parameters().items()
    }
    if repeat and "seed" in given:
        given["seed"] += repeat
    if isinstance(model, Reranked):
        given["primary"] = fresh(model.primary, repeat)
    return type(model)(**given)


def is_random(model: Recommender) -> bool:
    """Whether the model, or one it is composed of, has a seed."""
    model = scorer_of(model)
    given = model.parameters()
    parts = [part for value in given.values() if _holds_models(value) for part in value.values()]
    return "seed" in given or any(is_random(part) for part in parts)


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
    model = scorer_of(model)
    if model.reads_features:
        return True
    given = [value for value in model.parameters().values() if _holds_models(value)]
    return any(_reads_features(part) for parts in given for part in parts.values())


def _holds_models(value: object) -> bool:
    return isinstance(value, dict) and any(isinstance(v, Recommender) for v in value.values())
