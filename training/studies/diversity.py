"""What variety costs: a fitted model's lists chosen anew at several weights, and measured."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from hydra.utils import instantiate
from pydantic import validate_call

from training.data import Prepared
from training.evaluate import Evaluation, evaluate
from training.metrics import Interval
from training.models.base import Recommender
from training.models.fallback import WithFallback
from training.models.reranking.base import Reranked, Weight
from training.plan import Plan
from training.report import Row
from training.runner import fit
from training.studies.base import Findings
from training.studies.plots import trade_off
from training.tracking.table import interval_text

MEASURED = ("ndcg", "recall", "diversity", "coverage", "calibration_error", "novelty")


@dataclass(frozen=True, eq=False)
class Case:
    """One way to choose the lists: how, at which weight, and what came of it."""

    step: str
    weight: float
    found: Evaluation


class Diversity:
    """Fit the model of the plan once, and choose its lists anew by every step and weight.

    Parameters
    ----------
    steps : dict of str to dict
        Configurations of ``conf/rerank`` by name.
    weights : list of float
        Weights of each step; 0, the model's own lists, is always measured first.
    """

    @validate_call
    def __init__(self, *, steps: Mapping[str, dict[str, Any]], weights: Sequence[Weight]) -> None:
        if not steps:
            raise ValueError("study.steps: expected at least one configuration of conf/rerank")
        self.makers: dict[str, Callable[..., Reranked]] = {
            name: instantiate({**step, "_partial_": True}, _convert_="all")
            for name, step in steps.items()
        }
        self.weights = sorted({weight for weight in weights if weight > 0})

    def measure(self, plan: Plan, prepared: Prepared) -> Findings:
        """Return accuracy, variety, calibration and coverage of every case, with intervals."""
        split = prepared.splits[0]
        fitted = fit(plan, prepared, split.train, split.cutoff)

        def judged(model: Recommender) -> Evaluation:
            return evaluate(
                model, split, plan.task, plan.k, prepared.reader(split.cutoff),
                categories=prepared.categories,
            )  # fmt: skip

        cases = [Case("none", 0.0, judged(fitted))]
        for name, make in self.makers.items():
            for weight in self.weights:
                model = _around(fitted, make, weight, prepared.categories)
                cases.append(Case(name, weight, judged(model)))
        k = max(plan.k)
        drawn = trade_off([(case.step, case.weight, case.found.summary) for case in cases], k)
        return Findings(
            value=cases[0].found.summary[plan.metric].value,
            rows=[row for case in cases for row in _rows(case, cases[0], plan, prepared, k)],
            table=_table(cases, k),
            figures={"trade_off": drawn},
        )


def _around(
    fitted: Recommender,
    make: Callable[..., Reranked],
    weight: float,
    categories: pd.Series[str] | None,
) -> Recommender:
    """Put the step around the model below the fallback, if there is one."""
    inner = fitted.primary if isinstance(fitted, WithFallback) else fitted
    model = make(primary=inner, weight=weight).know(categories).around()
    if not isinstance(fitted, WithFallback):
        return model
    whole = copy.copy(fitted)
    whole.primary = model
    return whole


def _rows(case: Case, first: Case, plan: Plan, prepared: Prepared, k: int) -> list[Row]:
    """Return the measures of a case, and the paired cost in accuracy against the model alone."""
    found = {f"{name}@{k}": case.found.summary[f"{name}@{k}"] for name in MEASURED}
    if case is not first:
        found[f"ndcg@{k} over none"] = case.found.minus(first.found, f"ndcg@{k}")
    return [
        Row(
            dataset=prepared.workspace.name,
            protocol=f"{plan.task.value}, {case.found.split}",
            model=f"{plan.model_name}, {case.step} {case.weight:g}",
            metric=name,
            value=each.value,
            low=None if math.isnan(each.low) else each.low,
            high=None if math.isnan(each.high) else each.high,
            n=each.n,
        )
        for name, each in found.items()
        if not math.isnan(each.value)
    ]


def _table(cases: Sequence[Case], k: int) -> pd.DataFrame:
    """Return one line a case, with the paired difference in nDCG to the first."""

    def line(case: Case) -> dict[str, str]:
        shown = {"step": case.step, "weight": f"{case.weight:g}"}
        shown |= {
            name: interval_text(*_ends(case.found.summary[f"{name}@{k}"])) for name in MEASURED
        }
        cost = Interval(float("nan"), float("nan"), float("nan"), 0)
        if case is not cases[0]:
            cost = case.found.minus(cases[0].found, f"ndcg@{k}")
        return shown | {"ndcg over none": interval_text(*_ends(cost), signed=True)}

    return pd.DataFrame([line(case) for case in cases])


def _ends(found: Interval) -> tuple[float, float, float]:
    return found.value, found.low, found.high
