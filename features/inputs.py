"""The inputs that all snapshots of a run share: texts, prepared tables, item space, fusion."""

from __future__ import annotations

import json
from functools import partial

import pyarrow as pa
from ibis import _

from features.behavior.tables import BehaviorTables
from features.items.catalog import build_catalog
from features.plan import Plan
from features.profile.learning import Learned, learn, window
from features.profile.rollup import known_texts
from features.profile.snapshot import Evidence, Sources, gather
from features.settings import FeatureSettings
from features.text.embedding.embed import embed
from features.text.pipeline.run import analyze_texts
from ingest.store import Store
from ingest.workspace import Workspace


def analyzed_texts(
    workspace: Workspace, store: Store, settings: FeatureSettings, plan: Plan
) -> pa.Table:
    """Return all analyzed texts, fitted on what was known before ``plan.fit_until``."""
    text = settings.text
    if text.fit_until is None:
        text = text.model_copy(update={"fit_until": plan.fit_until})
    return analyze_texts(store, workspace, text.model_copy(update={"progress": settings.progress}))


def snapshot_sources(
    workspace: Workspace,
    store: Store,
    settings: FeatureSettings,
    plan: Plan,
    *,
    tables: BehaviorTables,
    texts: pa.Table,
) -> Sources:
    """Describe the items that were acted on or written about, and bind everything together."""
    known = (
        tables.items.inner_join(tables.acts.group_by("item").agg(since=_.known.min()), "item")
        .select("item_id", "since")
        .to_pandas()
    )
    early_texts = known_texts(texts, plan.fit_until)
    early = known["item_id"][known["since"] < plan.fit_until.timestamp()]
    spoken = [name for name in texts["item_id"].unique().to_pylist() if name is not None]
    catalog = build_catalog(
        store,
        wanted=[*known["item_id"], *spoken],
        early=[*early, *(name for name in early_texts["item_id"].to_pylist() if name)],
        early_texts=early_texts,
        embed=partial(embed, cache=workspace.features / "items" / "embeddings.sqlite"),
    )
    if catalog:
        catalog.space.save(workspace.features / "items")
    return Sources(
        tables=tables,
        texts=texts,
        catalog=catalog,
        topic_words=_topic_words(workspace),
        fit_until=plan.fit_until,
        behavior=settings.behavior,
        text_half_life_days=settings.profile.text_half_life_days,
    )


def _topic_words(workspace: Workspace) -> list[list[str]]:
    path = workspace.features / "text" / "topics.json"
    return (
        [topic["words"] for topic in json.loads(path.read_text("utf-8"))] if path.exists() else []
    )


def learned_fusion(
    workspace: Workspace, sources: Sources, plan: Plan, settings: FeatureSettings
) -> tuple[Learned, Evidence | None]:
    """Train the learned fusion on the first window that ends by ``plan.fit_until``.

    Returns
    -------
    tuple
        What was learned, and the evidence it was learned from (as of the first snapshot).
    """
    span = window(plan.snapshots, plan.fit_until)
    if not settings.profile.deep.enabled:
        return Learned(None, None, "learned fusion is switched off"), None
    if span is None:
        reason = "learned fusion skipped: it needs two snapshots up to fit_until"
        return Learned(None, None, reason), None
    if sources.catalog is None:
        return Learned(None, None, "learned fusion skipped: items have no vectors"), None
    before = gather(sources, span[0], everyone=span[0] >= plan.latest)
    folder = workspace.features / "profile"
    return learn(sources, before, span[1], settings.profile.deep, folder), before
