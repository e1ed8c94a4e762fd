"""What a search found: one line a model with what it cost, for people and for reports."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from training.data import Prepared
from training.metrics import is_error
from training.plan import Plan
from training.report import Row
from training.tuning.outcome import Tried, best_of
from training.tuning.settings import Budget

_HEAD = ("model", "default", "best", "gain", "trials", "pruned", "failed", "seconds", "settings")


@dataclass(frozen=True)
class Found:
    """What the search for one model found within its budget."""

    model: str
    tried: Sequence[Tried]
    seconds: float
    importances: dict[str, float]
    metric: str

    @property
    def best(self) -> Tried | None:
        """The best complete trial."""
        return best_of(self.tried, self.metric)

    @property
    def default(self) -> float:
        """The value of the settings the search started from; NaN if they failed."""
        return self.tried[0].outcome.value if self.tried else math.nan

    def count(self, state: str) -> int:
        """Return how many trials ended so."""
        return sum(each.outcome.state == state for each in self.tried)


def markdown(found: Sequence[Found], budget: Budget, plan: Plan, data: Prepared) -> str:
    """Return the table, best model first, under a title that names budget and windows."""
    windows = ", ".join(split.name for split in data.splits)
    cap = "no limit of time" if budget.seconds is None else f"at most {budget.seconds:,.0f} s"
    falls = is_error(plan.metric)
    lines = [
        f"# {plan.experiment}, {plan.task.value}: {plan.metric} on {windows}",
        "",
        f"Budget of each model: {budget.trials} trials, {cap}, {budget.processes} at a time. The "
        f"test window was not looked at.{' Of errors less is better.' if falls else ''}",
        "",
        "| " + " | ".join(_HEAD) + " |",
        "|" + " --- |" * len(_HEAD),
    ]
    ordered = sorted(found, key=_place)
    return "\n".join([*lines, *(_line(each, budget) for each in ordered)]) + "\n"


def report_rows(found: Sequence[Found], plan: Plan, data: Prepared) -> list[Row]:
    """Return a row a model: the best value, held against that of the defaults."""
    protocol = f"{plan.task.value}, tuned on {', '.join(split.name for split in data.splits)}"
    rows = []
    for each in found:
        if each.best is None:
            continue
        value, single = each.best.outcome.value, each.best.outcome.windows
        rows.append(
            Row(
                dataset=data.workspace.name,
                protocol=protocol,
                model=each.model,
                metric=plan.metric,
                value=value,
                low=single[0].low if len(single) == 1 else None,
                high=single[0].high if len(single) == 1 else None,
                n=sum(window.n for window in single),
                seconds=round(each.seconds, 1),
                reference=None if math.isnan(each.default) else each.default,
                ratio=value / each.default if each.default > 0 else None,
            )
        )
    return rows


def _place(found: Found) -> float:
    """Return what orders models, best first; those without a value come last."""
    if found.best is None:
        return math.inf
    value = found.best.outcome.value
    return value if is_error(found.metric) else -value


def _line(found: Found, budget: Budget) -> str:
    best, settings = "–", "–"
    gain = "–"
    if found.best is not None:
        best = f"{found.best.outcome.value:.4f}"
        settings = ", ".join(f"{name}={_short(v)}" for name, v in found.best.settings.items())
        if not math.isnan(found.default):
            gain = f"{found.best.outcome.value - found.default:+.4f}"
    default = "failed" if math.isnan(found.default) else f"{found.default:.4f}"
    cells = [found.model, default, best, gain, f"{len(found.tried)} of {budget.trials}"]
    cells += [str(found.count("pruned")), str(found.count("failed"))]
    return "| " + " | ".join([*cells, f"{found.seconds:,.1f}", settings]) + " |"


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
