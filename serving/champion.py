"""From a workspace to an engine: the champion bundle, its items, recent counts and features."""

from __future__ import annotations

from datetime import datetime

from ingest.store import Store
from ingest.workspace import Workspace
from serving.catalog import Catalog
from serving.grounds import recent_customers
from serving.profiles import LazyFeatures
from serving.ranked import Facts
from serving.recommend import Engine
from training.bundle import Bundle
from training.registry import load_champion


def open_champion(
    workspace: Workspace, *, features: LazyFeatures, at: datetime | None = None
) -> Engine:
    """Load the champion of a workspace and everything an answer needs.

    Parameters
    ----------
    workspace : Workspace
        Whose champion.
    features : LazyFeatures
        The workspace's features; opened only if the champion reads profiles.
    at : datetime, optional
        Time (UTC) at which items have to be available; the present when not given.

    Raises
    ------
    NoChampionError
        If no model was promoted yet.
    FeaturesMissingError
        If the champion reads profiles and there are none.
    """
    bundle = load_champion(workspace.name)
    return engine_of(bundle, Store(workspace.store), features=features, at=at)


def engine_of(
    bundle: Bundle, store: Store, *, features: LazyFeatures, at: datetime | None = None
) -> Engine:
    """Return the engine of a bundle over the canonical tables of its workspace."""
    model = bundle.model
    facts = Facts(bundle.version, bundle.name, model.until, bundle.kinds)
    return Engine(
        model=model,
        facts=facts,
        catalog=Catalog.from_store(store, tuple(model.items.ids)),
        recent=recent_customers(store, model.items, facts.kinds, facts.trained_until),
        features=features.reader() if bundle.feature_service else None,
        at=at,
    )
