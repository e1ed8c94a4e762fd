"""Measure one model by how much is known: nothing, a profile, first clicks; an item's features.

Two fits of the model. The first does not know the newcomers: customers of the test window whose
past was taken away. They are ranked for by nothing (whoever stands behind the model answers), by
their profile alone, and by their first clicks in the window, folded in without learning again.
What is relevant is the same each time, so that the rows can be compared. The second fit has seen
no event of some items; known customers are ranked for among these, and among all items.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

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
from training.tracking.names import metric_name

_log = logging.getLogger(__name__)


def measure(plan: Plan, prepared: Prepared, settings: ColdStart) -> list[Row]:
    """Return the rows of ``plan`` by what is known of customers and items, on its newest split.

    Raises
    ------
    ValueError
        If the split has no moment, or nothing is left to ask.
    """
    rows = []
    for stratum, found in (
        *_of_newcomers(plan, prepared, settings),
        *_of_new_items(plan, prepared, settings),
    ):
        best = found.summary[plan.metric]
        rows += _rows(plan, prepared, stratum, found)
        _log.info(
            "%s, %s: %s %.4f [%.4f, %.4f], %d customers, answered %.0f %%",
            plan.model_name, stratum, plan.metric, best.value, best.low, best.high, best.n,
            100 * rows[-1].value,
        )  # fmt: skip
    return rows


def metrics_named(rows: Sequence[Row]) -> dict[str, float]:
    """Return the values of ``rows`` under their MLflow names: ``profile alone/recall_at_20``."""
    return {f"{row.protocol.split(', ')[0]}/{metric_name(row.metric)}": row.value for row in rows}


def _of_newcomers(
    plan: Plan, prepared: Prepared, settings: ColdStart
) -> Iterator[tuple[str, Evaluation]]:
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

    yield "nothing known", ask(0, profile=False)
    if reader is not None:
        yield "profile alone", ask(0, profile=True)
    for count in settings.clicks:
        shown = f"{count} click{'s' if count > 1 else ''}"
        yield shown, ask(count, profile=False)
        if reader is not None:
            yield f"profile and {shown}", ask(count, profile=True)


def _of_new_items(
    plan: Plan, prepared: Prepared, settings: ColdStart
) -> Iterator[tuple[str, Evaluation]]:
    split = prepared.splits[0]
    among, whole = new_items_of(split, share=settings.item_share, seed=settings.seed)
    blind = _blind(prepared, split, among)
    model = fit(plan, blind, among.train, split.cutoff)
    for stratum, asked in (("new items among themselves", among), ("new items among all", whole)):
        yield (
            stratum,
            evaluate(
                model, asked, Task.DISCOVER, plan.k, blind.reader(split.cutoff),
                categories=prepared.categories,
            ),
        )  # fmt: skip


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


def _rows(plan: Plan, prepared: Prepared, stratum: str, found: Evaluation) -> list[Row]:
    """Return every metric, and the share of places that the model filled without its fallback."""
    dataset, protocol = prepared.workspace.name, f"{stratum}, {prepared.splits[0].name}"
    rows = [
        Row(dataset, protocol, plan.model_name, name, each.value, _known(each.low),
            _known(each.high), each.n)
        for name, each in found.summary.items()
        if not math.isnan(each.value)
    ]  # fmt: skip
    places = found.counts["customers"] * min(max(found.k), found.counts["catalog"])
    answered = 1 - found.counts["fallback_places"] / places
    return [*rows, Row(dataset, protocol, plan.model_name, "answered", answered)]


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
