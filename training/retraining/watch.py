"""Watch the champion: whether it has become worse than the version before it.

Both versions are asked as they are served: their saved bundles, with the events that came after
they were fitted folded in. Neither may have seen the window that they are judged on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from training.answers import warm_seconds
from training.bundle import Bundle
from training.data import Prepared
from training.evaluate import evaluate
from training.gate import Holder
from training.guards import Side
from training.memory import peak_mb
from training.metrics import Interval
from training.plan import Plan
from training.registry import Registry, Version
from training.retraining.plans import Plans
from training.runner import Result
from training.tracking.log import log_result, tracked_run
from training.tracking.names import metrics_named
from training.tracking.store import TrackingStore

_NAN = float("nan")


@dataclass(frozen=True, eq=False)
class Watched:
    """What was seen.

    Parameters
    ----------
    words : str
        In a sentence or two, with figures.
    worse : bool
        Whether the champion is surely worse than the version before it.
    served : Holder, optional
        What the champion reached as it is served, where it could be judged.
    difference : Interval, optional
        Champion minus the version before, where both could be judged.
    """

    words: str
    worse: bool = False
    served: Holder | None = None
    difference: Interval | None = None


@dataclass(frozen=True, eq=False)
class _Asked:
    """A version with its bundle and what it reached."""

    version: Version
    bundle: Bundle
    result: Result


def watch(
    registry: Registry, champion: Version, bundle: Bundle, plans: Plans, prepared: Prepared
) -> Watched:
    """Judge the champion, and the version before it where there is one, on the newest window."""
    unseen = _unseen(champion, bundle, prepared)
    if unseen:
        return Watched(f"Watch: {unseen}")
    now = _ask(registry.store, champion, bundle, plans, prepared)
    served = Holder(f"{_title(champion, bundle)} as it is served", _side(now.result))
    before = registry.before(champion)
    if before is None:
        words = f"Watch: {_title(champion, bundle)} has no version before it to go back to."
        return Watched(words, served=served)
    try:
        earlier = registry.load(before)
        why = _other_task(before, earlier, bundle) or _unseen(before, earlier, prepared)
        if why:
            return Watched(f"Watch: {why}", served=served)
        then = _ask(registry.store, before, earlier, plans, prepared)
    except (ValueError, OSError) as error:  # an old bundle or configuration may not load any more
        why = f"version {before.number} cannot be judged: {error}"
        return Watched(f"Watch: {why}", served=served)
    return _compared(now, then, served)


def seen_until(version: Version, bundle: Bundle) -> datetime:
    """Return the moment (UTC) until which a version was fitted or chosen by what it saw.

    A version that serves as it was evaluated was chosen by the window after its training data.
    """
    if version.tags.get("refit") != "false":
        return bundle.trained_until
    window = int(bundle.config.get("split", {}).get("window_days", 0))
    return bundle.trained_until + timedelta(days=window)


def _unseen(version: Version, bundle: Bundle, prepared: Prepared) -> str:
    """Return why a version cannot be judged on the newest window; empty where it can."""
    split, until = prepared.splits[0], seen_until(version, bundle)
    if split.cutoff is not None and until <= split.cutoff:
        return ""
    return (
        f"{_title(version, bundle)} cannot be judged: the newest window, {split.name}, begins "
        f"before {until:%Y-%m-%d %H:%M} UTC, until when it has seen events."
    )


def _other_task(before: Version, earlier: Bundle, bundle: Bundle) -> str:
    if earlier.task == bundle.task:
        return ""
    title = _title(before, earlier)
    return f"{title} cannot be judged: it was made for task {earlier.task}, not {bundle.task}."


def _ask(
    store: TrackingStore, version: Version, bundle: Bundle, plans: Plans, prepared: Prepared
) -> _Asked:
    """Measure a version on the newest window and keep that as a run of the role ``served``."""
    split, plan = prepared.splits[0], plans.served(bundle, version.number)
    features = prepared.reader(split.cutoff)
    found = evaluate(
        bundle.model, split, plan.task, plan.k, features,
        categories=prepared.categories, newer=True,
    )  # fmt: skip
    warm = warm_seconds(
        bundle.model, split, plan.task, max(found.k),
        customers=found.customers.index.tolist(), features=features,
    )  # fmt: skip
    result = Result(
        plan=plan, model=bundle.model, evaluations=[found], evaluation=found,
        fit_seconds=_NAN, rank_seconds=found.seconds, warm_seconds=warm,
        peak_mb=peak_mb(), prepared=prepared,
    )  # fmt: skip
    with tracked_run(store, plan, role="served") as run_id:
        log_result(store, result, run_id, bundle=False)
        store.client().set_tag(run_id, "version", str(version.number))
    return _Asked(version, bundle, result)


def _compared(now: _Asked, then: _Asked, served: Holder) -> Watched:
    plan: Plan = now.result.plan
    found = now.result.evaluation.minus(then.result.evaluation, plan.metric)
    worse = found.high < 0
    outcome = "is surely worse than" if worse else "is not surely worse than"
    words = (
        f"Watch: as served on {now.result.evaluation.split}, {_title(now.version, now.bundle)} "
        f"reached {plan.metric} {now.result.value:.4f}, {_title(then.version, then.bundle)} "
        f"{then.result.value:.4f}: the champion {outcome} the version before it, "
        f"{found.value:+.4f}, 95 % interval [{found.low:+.4f}, {found.high:+.4f}], "
        f"{found.n:,} customers."
    )
    return Watched(words, worse, served, found)


def _side(result: Result) -> Side:
    return Side(metrics_named(result), result.evaluation.customers)


def _title(version: Version, bundle: Bundle) -> str:
    return f"version {version.number} ({bundle.name})"
