"""From a workspace to an engine: the champion bundle, its items, recent counts and profiles."""

from __future__ import annotations

from datetime import datetime

from ingest.store import Store
from ingest.workspace import Workspace
from serving.catalog import Catalog
from serving.errors import NoChampionError
from serving.grounds import recent_customers
from serving.profiles import LazyFeatures
from serving.ranked import Facts
from serving.recommend import Engine
from training import registry
from training.bundle import Bundle

_DEFAULT_KINDS = ("purchase",)


def open_champion(
    workspace: Workspace,
    *,
    features: LazyFeatures | None = None,
    at: datetime | None = None,
    registered: registry.Registry,
) -> Engine:
    """Load the champion of a workspace and everything an answer needs.

    Parameters
    ----------
    workspace : Workspace
        Whose champion.
    features : LazyFeatures, optional
        The workspace's profiles; not opened here.
    at : datetime, optional
        Time (UTC) at which items have to be available; the present when not given.
    registered : Registry
        Where champions are registered.

    Raises
    ------
    NoChampionError
        If no model was promoted yet.
    """
    version = registered.champion()
    if version is None:
        raise _no_champion(workspace.name, registered.name)
    bundle = registered.load(version)
    items = bundle.model.items
    said = facts_of(bundle, str(version.number))
    store = Store(workspace.store)
    return Engine(
        model=bundle.model,
        facts=said,
        catalog=Catalog.from_store(store, tuple(items.ids)),
        recent=recent_customers(store, items, said.kinds, said.trained_until),
        features=features,
        at=at,
    )


def _no_champion(workspace: str, registered: str) -> NoChampionError:
    return NoChampionError(
        f"Workspace {workspace!r} has no champion.",
        expected=f"the alias {registry.CHAMPION!r} on the registered model {registered!r}",
        todo=(
            f"Train models with `python -m training -m model=popular,ease workspace={workspace}`, "
            f"then run `python -m training.promote workspace={workspace}`."
        ),
    )


def facts_of(bundle: Bundle, version: str) -> Facts:
    """Return what answers say about a bundle, and which events it counts."""
    data = bundle.config.get("data", {})
    return Facts(
        version=version,
        name=bundle.name,
        trained_until=bundle.trained_until,
        kinds=tuple(data.get("kinds") or _DEFAULT_KINDS),
        exclude_seen=bundle.exclude_seen,
        min_value=data.get("min_value"),
    )
