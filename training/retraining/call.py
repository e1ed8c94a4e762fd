"""One call of ``python -m training.retrain``: watch, refit, judge, and say what came of it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

import orjson
from filelock import FileLock, Timeout

from ingest.store import Store
from ingest.workspace import Workspace
from training.gate import Holder
from training.plan import PlanError
from training.promotion import promote
from training.registry import NoChampionError, OvertakenError, Registry, Version
from training.retraining.plans import Plans
from training.retraining.record import Ended, Outcome, Record, equal_versions, same_before
from training.retraining.settings import Settings
from training.retraining.sweep import FAILURES, swept, verdicts
from training.retraining.watch import watch
from training.runner import forget, prepare
from training.tracking.store import TrackingStore

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class _Call:
    """What a call works with."""

    store: TrackingStore
    settings: Settings
    registry: Registry
    champion: Version
    record: Record

    @property
    def stays(self) -> str:
        return f"version {self.champion.number} ({self.champion.tags.get('model', 'unknown')})"


def retrain(store: TrackingStore, settings: Settings) -> Ended:
    """Watch the champion, refit it on what is new, and let the gate decide.

    Raises
    ------
    ValueError
        If a setting is wrong.
    NoChampionError
        If the workspace has no champion to retrain.
    """
    registry = Registry(settings.workspace, store)
    if registry.champion() is None:
        raise NoChampionError(
            f"workspace {settings.workspace!r} has no champion to retrain; train models with "
            f"`python -m training -m model=popular,ease workspace={settings.workspace}` and run "
            f"`python -m training.promote workspace={settings.workspace}`"
        )
    lock = FileLock(store.folder / f"{registry.name}.retrain.lock", timeout=0)
    try:
        with lock:
            return _alone(store, settings, registry)
    except Timeout:
        champion = registry.champion()
        task = "discover" if champion is None else champion.tags.get("task", "discover")
        record = Record(store, settings.workspace, task)
        return record.end(Outcome.BUSY, "Busy: another retrain of this workspace is at work.")


def _alone(store: TrackingStore, settings: Settings, registry: Registry) -> Ended:
    """Do the call while no other works on this workspace."""
    champion = registry.champion()  # anew: it may have changed before the lock was ours
    if champion is None:
        raise NoChampionError(f"workspace {settings.workspace!r} lost its champion")
    place = Workspace.named(settings.workspace, settings.data_dir)
    versions, task = Store(place.store).versions(), champion.tags.get("task", "discover")
    why = "" if settings.force else _nothing_new(store, settings, champion, versions)
    told = {
        "asked": settings.asked,
        "data_versions": orjson.dumps(versions).decode(),
        "champion": str(champion.number),
    }
    record = Record(store, settings.workspace, task, told)
    if why:
        return record.end(Outcome.NOTHING_NEW, why)
    try:
        return _worked(_Call(store, settings, registry, champion, record))
    except PlanError as error:
        record.end(Outcome.FAILED, f"Wrong setting: {error}", code=2)
        raise
    except OvertakenError as error:
        return record.end(Outcome.KEPT, f"Kept: {error}.")
    except FAILURES as error:
        _log.debug("failed", exc_info=True)
        return record.end(Outcome.FAILED, f"Failed: {error}", code=1)
    except BaseException as error:
        record.end(Outcome.FAILED, f"Failed: {type(error).__name__}: {error}", code=1)
        raise


def _nothing_new(
    store: TrackingStore, settings: Settings, champion: Version, versions: dict[str, int]
) -> str:
    """Return why there is nothing to do; empty where there is."""
    task = champion.tags.get("task", "discover")
    same = same_before(store, settings.workspace, task, settings.asked, versions)
    if same is not None:
        at = datetime.fromtimestamp(same.info.start_time / 1000).astimezone()
        when = f"the retrain of {at:%Y-%m-%d %H:%M} ({same.data.tags.get('outcome')})"
    elif not settings.challengers and equal_versions(champion.tags.get("data_versions"), versions):
        when = f"version {champion.number} was fitted"
    else:
        return ""
    return f"Nothing new: no table changed since {when}; force=true retrains nevertheless."


def _worked(call: _Call) -> Ended:
    """Watch, then refit and judge."""
    bundle = call.registry.load(call.champion)
    plans = Plans.of(call.settings, bundle)
    forget()
    prepared = prepare(plans.champion)
    call.record.tag(split=prepared.splits[0].name, split_hash=prepared.splits[0].hash)
    seen = watch(call.registry, call.champion, bundle, plans, prepared)
    call.record.say(seen.words)
    if seen.worse and call.settings.watch:
        now, before = call.registry.rollback(over=call.champion.number)
        call.record.tag(champion_after=str(before.number))
        return call.record.end(
            Outcome.ROLLED_BACK,
            f"Rolled back: version {before.number} serves again in place of version {now.number}. "
            "Nothing was refitted: what made it worse may be in the data.",
        )
    sweep, failures = swept(call.store, plans, prepared)
    call.record.tag(of_sweep=sweep)
    call.record.say(*(f"Failed: {failure}" for failure in failures))
    return _decided(call, plans, sweep, seen.served, code=1 if failures else 0)


def _decided(call: _Call, plans: Plans, sweep: str, served: Holder | None, code: int) -> Ended:
    """Ask the gate, promote what passed, and say which of the outcomes it is."""
    found = verdicts(call.store, call.settings, plans, sweep, served)
    call.record.say(*(each.words for each in found))
    verdict = found[-1]
    young = verdict.refresh and served is None and call.settings.refresh == "judged"
    if not verdict.passed or young:
        why = "nothing that was fitted may take its place"
        if young:
            why = "it is too young to be judged, and refresh=judged lets it grow older first"
        return call.record.end(Outcome.KEPT, f"Kept: {call.stays} serves on; {why}.", code=code)
    version = promote(call.store, verdict, over=call.champion.number)
    call.record.tag(champion_after=str(version.number), evaluated_by=verdict.run_id)
    title = f"version {version.number} ({verdict.model})"
    if verdict.refresh:
        how = "the champion's configuration fitted on everything until now"
        words = f"Refreshed: {title} serves in place of {call.stays}; it is {how}."
        return call.record.end(Outcome.REFRESHED, words, code=code)
    words = f"Replaced: {title} serves in place of {call.stays}; it is another configuration."
    return call.record.end(Outcome.REPLACED, words, code=code)
