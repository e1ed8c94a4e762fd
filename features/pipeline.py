"""From canonical tables to features in Feast: text, snapshots, apply, materialize.

Every stage is skipped when nothing it depends on has changed: a snapshot's fingerprint is made of
the table versions, the settings and its time. Whatever is killed in between is made again.
"""

from __future__ import annotations

import hashlib
import json
import logging
from datetime import datetime

from filelock import FileLock
from tqdm import tqdm

from features.behavior.tables import open_tables
from features.inputs import analyzed_texts, learned_fusion, snapshot_sources
from features.plan import Plan, make_plan
from features.profile.learning import window
from features.profile.snapshot import gather
from features.profile.tables import snapshot_tables
from features.report import Report
from features.settings import FeatureSettings
from features.store.catalog import chosen_registry
from features.store.files import join_parts, part_file, state_file, write_part, write_text
from features.store.online import materialized, unmark_materialized
from features.store.schema import TABLES
from features.text.pipeline.run import TextSettings, write_texts
from ingest.state.url import EMBEDDED, shown
from ingest.store import Store
from ingest.workspace import Workspace

log = logging.getLogger(__name__)

_VERSION = 1  # raise it when a computation changes, so that kept snapshots are made again
_OF_PROFILES = ("sentiment", "topics", "keywords", "embedding")
_READ = ("events", "items", "customers", "feedback", "messages", "identities")


def run(workspace: Workspace, settings: FeatureSettings) -> Report:
    """Bring the features of a workspace up to date.

    Raises
    ------
    ValueError
        If nothing is loaded, a time cannot be read, or profiles miss an analyzer they are made of.
    """
    store = Store(workspace.store)
    if settings.only == "text":
        return _only_texts(workspace, store, settings)
    plan = make_plan(
        store,
        as_of=settings.as_of,
        fit_until=settings.fit_until,
        snapshots=settings.snapshots,
        step_days=settings.step_days,
    )
    missing = [name for name in _OF_PROFILES if name not in settings.text.analyzers]
    if missing:
        raise ValueError(
            f"text.analyzers lacks {', '.join(missing)}, which profiles are made of: "
            "add them, or analyze texts alone with only=text"
        )
    report = Report()
    workspace.features.mkdir(parents=True, exist_ok=True)
    with FileLock(workspace.features / ".lock"):
        marks = {as_of: _fingerprint(store, settings, plan, as_of) for as_of in plan.snapshots}
        todo = [as_of for as_of, mark in marks.items() if _kept(workspace, as_of) != mark]
        for as_of in plan.snapshots:
            if as_of not in todo:
                report.lines.append((f"snapshot {as_of:%Y-%m-%d}", 0, 0.0, "unchanged, skipped"))
        if todo:
            _compute(workspace, store, settings, plan=plan, todo=todo, marks=marks, report=report)
        _publish(workspace, settings, plan, marks, report)
    return report


def _only_texts(workspace: Workspace, store: Store, settings: FeatureSettings) -> Report:
    """Analyze texts, learning from all there are unless a time is given."""
    if store.version("feedback") is None and store.version("messages") is None:
        raise ValueError(
            f"workspace {workspace.name!r} holds no texts: load feedback or messages first, "
            f"python -m ingest source=files source.path=FILE workspace={workspace.name}"
        )
    report = Report()
    until = settings.text.fit_until or settings.fit_until
    chosen = {**settings.text.model_dump(), "fit_until": until, "progress": settings.progress}
    with report.stage("text") as found:
        result = write_texts(store, workspace, TextSettings(**chosen))
        found["rows"] = result["texts"]
        analyzed = ", ".join(f"{name} {count:,}" for name, count in result["analyzed"].items())
        news = f"analyzed now: {analyzed}" if any(result["analyzed"].values()) else "nothing new"
        found["note"] = f"{news}; see {workspace.features / 'text'}"
    return report


def _compute(
    workspace: Workspace,
    store: Store,
    settings: FeatureSettings,
    *,
    plan: Plan,
    todo: list[datetime],
    marks: dict[datetime, str],
    report: Report,
) -> None:
    """Compute and keep the snapshots of ``todo``."""
    with report.stage("text") as found:
        texts = analyzed_texts(workspace, store, settings, plan)
        found["rows"] = texts.num_rows
    with report.stage("items") as found:
        _connection, tables = open_tables(store, settings.behavior.acts)
        sources = snapshot_sources(workspace, store, settings, plan, tables=tables, texts=texts)
        found["rows"] = len(sources.catalog.ids) if sources.catalog else 0
        found["note"] = "" if sources.catalog else "neither items nor texts say anything"
    with report.stage("learned fusion") as found:
        learned, first = learned_fusion(workspace, sources, plan, settings)
        found["note"] = learned.reason
    for as_of in tqdm(todo, desc="snapshots", disable=not settings.progress, leave=False):
        with report.stage(f"snapshot {as_of:%Y-%m-%d}") as found:
            evidence = first if first is not None and first.as_of == as_of else None
            evidence = evidence or gather(sources, as_of, everyone=as_of >= plan.latest)
            rows = snapshot_tables(sources, evidence, settings.profile, learned.profiles(evidence))
            for name, table in rows.items():
                write_part(workspace, name, as_of, table)
            write_text(marks[as_of], state_file(workspace, as_of))
            found["rows"] = sum(table.num_rows for table in rows.values())
            found["note"] = f"{len(evidence.customers)} customers, {len(evidence.items)} items"


def _publish(
    workspace: Workspace,
    settings: FeatureSettings,
    plan: Plan,
    marks: dict[datetime, str],
    report: Report,
) -> None:
    """Join the snapshots, register them with Feast and copy the last one to the online store."""
    state = json.dumps(
        {
            "snapshots": [marks[as_of] for as_of in plan.snapshots],
            "online": settings.online.model_dump(),
            "registry": shown(chosen_registry(settings.registry.url) or EMBEDDED),
            "max_items": settings.max_items,
        }
    )
    kept = workspace.features / "views" / "state.json"
    if not kept.exists() or kept.read_text("utf-8") != state:
        from features.store.registry import apply  # noqa: PLC0415 (Feast costs seconds)

        kept.unlink(missing_ok=True)
        unmark_materialized(workspace)
        with report.stage("feast apply") as found:
            found["rows"] = sum(join_parts(workspace, plan.snapshots).values())
            apply(workspace, settings.online, settings.registry.url)
        write_text(state, kept)
    if materialized(workspace) == plan.snapshots[-1]:
        report.lines.append(("materialize", 0, 0.0, "unchanged, skipped"))
        return
    from features.store.materialize import materialize  # noqa: PLC0415

    with report.stage("materialize") as found, _bar(settings) as bar:
        counts = materialize(
            workspace, plan.snapshots[-1], max_items=settings.max_items, progress=bar.update
        )
        found["rows"] = sum(counts.values())
        found["note"] = f"snapshot {plan.snapshots[-1]:%Y-%m-%d}"


def _bar(settings: FeatureSettings) -> tqdm:  # type: ignore[type-arg]
    return tqdm(desc="materialize", unit="row", disable=not settings.progress, leave=False)


def _fingerprint(store: Store, settings: FeatureSettings, plan: Plan, as_of: datetime) -> str:
    versions = store.versions()
    inputs = {
        "version": _VERSION,
        "tables": {name: versions.get(name) for name in _READ},
        "settings": settings.fingerprint(),
        "fit_until": plan.fit_until.isoformat(),
        "window": [str(time) for time in window(plan.snapshots, plan.fit_until) or ()],
        "as_of": as_of.isoformat(),
        "latest": as_of >= plan.latest,
    }
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def _kept(workspace: Workspace, as_of: datetime) -> str | None:
    """Return the fingerprint of a complete kept snapshot."""
    path = state_file(workspace, as_of)
    complete = all(part_file(workspace, name, as_of).exists() for name in TABLES)
    return path.read_text("utf-8") if complete and path.exists() else None
