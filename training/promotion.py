"""Make a run that passed the gate the champion: fit it on everything known, and register it."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from training.bundle import Bundle
from training.gate import GateError, Verdict
from training.interactions import Interactions
from training.registry import Registry, Version
from training.runner import fit, prepare, services
from training.tracking.log import log_bundle, plan_of_run
from training.tracking.store import TrackingStore

if TYPE_CHECKING:
    from mlflow.entities import Run

    from training.data import Prepared

_log = logging.getLogger(__name__)


def promote(
    store: TrackingStore, verdict: Verdict, *, refit: bool = True, over: int | None = None
) -> Version:
    """Register the winner and make it champion; ``refit`` fits it on everything first.

    Raises
    ------
    training.registry.OvertakenError
        If ``over`` is given and no longer the version that serves.
    """
    client = store.client()
    winner = client.get_run(verdict.run_id)
    uri = _refit(store, winner, verdict) if refit else _logged_model(winner)
    tags = {
        "verdict": verdict.words,
        "task": verdict.task,
        "evaluated_by": verdict.run_id,
        "refit": str(refit).lower(),
        **{n: winner.data.tags.get(n, "") for n in ("model", "model_key", "data_versions")},
    }
    return Registry(verdict.workspace, store).promote(uri, tags, over=over)


def _refit(store: TrackingStore, winner: Run, verdict: Verdict) -> str:
    """Fit the winner on everything in a run of its own; return the URI of its bundle."""
    mlflow = store.connect()
    with mlflow.start_run(
        experiment_id=winner.info.experiment_id,
        run_name=f"{verdict.model} refit",
        tags={"role": "refit", "model": verdict.model, "evaluated_by": verdict.run_id},
    ):
        mlflow.set_tag("verdict", verdict.words)
        return log_bundle(store, _refitted(store.client(), winner, verdict))


def _refitted(client: Any, winner: Run, verdict: Verdict) -> Bundle:
    """Fit the winning configuration on every interaction, with its evaluation beside it."""
    plan = plan_of_run(client, winner)
    prepared = prepare(plan)
    everything = _everything(prepared, getattr(plan.splitter, "min_customers_per_item", 1))
    _log.info("fitting %s on everything until %s", plan.model_name, everything.until.isoformat())
    timed = prepared.splits[0].cutoff is not None
    model = fit(plan, prepared, everything, everything.until if timed else None)
    found = winner.data.metrics
    outside = {name: name.replace("_at_", "@") for name in sorted(found) if "/" not in name}
    reads = services(plan, prepared)
    return Bundle(
        model=model,
        name=verdict.model,
        workspace=verdict.workspace,
        task=verdict.task,
        metrics={key: found[name] for name, key in outside.items()},
        intervals={
            key: (found[f"low/{name}"], found[f"high/{name}"])
            for name, key in outside.items()
            if f"low/{name}" in found
        },
        split=winner.data.tags.get("split", ""),
        split_hash=winner.data.tags.get("split_hash", ""),
        feature_service=reads[0],
        item_service=reads[1],
        data_versions=dict(prepared.versions),
        config=dict(plan.config),
        run_id=verdict.run_id,
        commit=winner.data.tags.get("commit", ""),
    )


def _everything(prepared: Prepared, min_customers_per_item: int) -> Interactions:
    """Return all interactions as of the time of the newest features."""
    found = prepared.interactions.filtered(min_customers_per_item=min_customers_per_item)
    return replace(found, until=max(prepared.latest, found.until))


def _logged_model(winner: Run) -> str:
    """Return the URI of the bundle that the run kept."""
    logged = winner.outputs.model_outputs if winner.outputs else []
    if not logged:
        raise GateError(
            f"run {winner.info.run_id} kept no bundle (tracking.bundle=false); use refit=true"
        )
    return f"models:/{logged[0].model_id}"
