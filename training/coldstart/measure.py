"""Measure one model by how much is known: nothing, a profile, first clicks; an item's features.

Two fits of the model. The first does not know the newcomers: customers of the test window whose
past was taken away. They are ranked for by nothing (whoever stands behind the model answers), by
their profile alone, and by their first clicks in the window, folded in without learning again.
What is relevant is the same each time, so that the rows are compared customer by customer: what
clicks are worth beside nothing, what the profile is worth beside the same without it. The second
fit has seen no event of some items; known customers are ranked for among these, and among all
items.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from training.coldstart.newcomers import Newcomers, new_items_of, newcomers_of
from training.coldstart.readers import UnacquaintedReader
from training.coldstart.settings import ColdStart
from training.data import Prepared
from training.evaluate import Evaluation, evaluate
from training.metrics.evaluation import Task
from training.plan import Plan
from training.report import Row
from training.runner import fit, services
from training.splits import Split
from training.tables import OVER
from training.tracking.names import metric_name

_log = logging.getLogger(__name__)
_NOTHING = "nothing known"
_NO_PROFILE = "no profile"


@dataclass(frozen=True)
class Asked:
    """One question: how much was known, what came of it, and what that is held against."""

    stratum: str
    found: Evaluation
    beside: Mapping[str, Evaluation] = field(default_factory=dict)


def measure(plan: Plan, prepared: Prepared, settings: ColdStart) -> list[Row]:
    """Return the rows of ``plan`` by what is known of customers and items, on its newest split.

    Raises
    ------
    ValueError
        If the split has no moment, or nothing is left to ask.
    """
    rows = []
    for asked in (
        *_of_newcomers(plan, prepared, settings),
        *_of_new_items(plan, prepared, settings),
    ):
        best = asked.found.summary[plan.metric]
        rows += _rows(plan, prepared, asked)
        _log.info(
            "%s, %s: %s %.4f [%.4f, %.4f], %d customers, answered %.0f %%",
            plan.model_name, asked.stratum, plan.metric, best.value, best.low, best.high, best.n,
            100 * rows[-1].value,
        )  # fmt: skip
    return rows


def metrics_named(rows: Sequence[Row]) -> dict[str, float]:
    """Return the values of ``rows`` under their MLflow names: ``profile alone/recall_at_20``."""
    return {f"{row.protocol.split(', ')[0]}/{metric_name(row.metric)}": row.value for row in rows}


def _of_newcomers(plan: Plan, prepared: Prepared, settings: ColdStart) -> Iterator[Asked]:
    split = prepared.splits[0]
    new = newcomers_of(
        split, prepared.interactions,
        share=settings.share, clicks=max(settings.clicks), seed=settings.seed,
    )  # fmt: skip
    model = fit(plan, prepared, new.split.train, split.cutoff)
    reader = _reader(plan, prepared, new)

    def ask(count: int, *, profile: bool) -> Evaluation:
        return evaluate(
            model, new.split, Task.DISCOVER, plan.k, reader if profile else None,
            categories=prepared.categories, clicks=new.first(count),
        )  # fmt: skip

    nothing = ask(0, profile=False)
    yield Asked(_NOTHING, nothing)
    if reader is not None:
        beside = {_NOTHING: nothing, _NO_PROFILE: nothing}
        yield Asked("profile alone", ask(0, profile=True), beside)
    for count in settings.clicks:
        shown = f"{count} click{'s' if count > 1 else ''}"
        clicked = ask(count, profile=False)
        yield Asked(shown, clicked, {_NOTHING: nothing})
        if reader is not None:
            beside = {_NOTHING: nothing, _NO_PROFILE: clicked}
            yield Asked(f"profile and {shown}", ask(count, profile=True), beside)


def _of_new_items(plan: Plan, prepared: Prepared, settings: ColdStart) -> Iterator[Asked]:
    split = prepared.splits[0]
    among, whole = new_items_of(split, share=settings.item_share, seed=settings.seed)
    blind = _blind(prepared, split, among)
    model = fit(plan, blind, among.train, split.cutoff)
    for stratum, asked in (("new items among themselves", among), ("new items among all", whole)):
        found = evaluate(
            model, asked, Task.DISCOVER, plan.k, blind.reader(split.cutoff),
            categories=prepared.categories,
        )  # fmt: skip
        yield Asked(stratum, found)


def _reader(plan: Plan, prepared: Prepared, new: Newcomers) -> UnacquaintedReader | None:
    """Return what can be read of newcomers, if the model of ``plan`` reads anything."""
    known = prepared.reader(new.split.cutoff)
    if known is None or services(plan, prepared)[0] is None:
        return None
    return UnacquaintedReader(known, customers=new.clicks)


def _blind(prepared: Prepared, split: Split, among: Split) -> Prepared:
    """Return ``prepared`` with features that do not know what happened to the new items."""
    known = prepared.reader(split.cutoff)
    if known is None or split.cutoff is None:
        return prepared
    reader = UnacquaintedReader(known, items=among.catalog.ids.tolist())
    return replace(prepared, readers={split.cutoff: reader})


def _rows(plan: Plan, prepared: Prepared, asked: Asked) -> list[Row]:
    """Return every metric, its gains, and the share of places filled without the fallback."""
    dataset, protocol = prepared.workspace.name, f"{asked.stratum}, {prepared.splits[0].name}"
    found, metric = asked.found, plan.metric
    gains = {
        f"{metric} {OVER}{name}": found.minus(other, metric) for name, other in asked.beside.items()
    }
    rows = [
        Row(dataset, protocol, plan.model_name, name, each.value, _known(each.low),
            _known(each.high), each.n)
        for name, each in (*found.summary.items(), *gains.items())
        if not math.isnan(each.value)
    ]  # fmt: skip
    places = found.counts["customers"] * min(max(found.k), found.counts["catalog"])
    answered = 1 - found.counts["fallback_places"] / places
    return [*rows, Row(dataset, protocol, plan.model_name, "answered", answered)]


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
