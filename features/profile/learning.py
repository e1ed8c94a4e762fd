"""When and from what the learned fusion is trained: one window that ends before it is used."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from ibis import _

from features.profile.settings import DeepSettings
from features.profile.snapshot import Evidence, Sources

if TYPE_CHECKING:
    from features.profile.deep import DeepFusion, Examples

log = logging.getLogger(__name__)

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Learned:
    """The learned fusion of a run.

    Attributes
    ----------
    fusion : DeepFusion or None
        None where nothing was learned; ``reason`` says why.
    since : datetime or None
        It may be used for snapshots at or after this time: the end of its training window.
    reason : str
        What was learned, or why not.
    """

    fusion: DeepFusion | None
    since: datetime | None
    reason: str

    def profiles(self, evidence: Evidence) -> FloatArray | None:
        """Return learned profiles, or None where the weighted ones must stand in."""
        if self.fusion is None or self.since is None or evidence.as_of < self.since:
            return None
        return self.fusion.fuse(evidence.blocks)


def window(snapshots: Sequence[datetime], fit_until: datetime) -> tuple[datetime, datetime] | None:
    """Return the first two snapshots if the second is not after ``fit_until``."""
    ordered = sorted(snapshots)
    if len(ordered) > 1 and ordered[1] <= fit_until:
        return ordered[0], ordered[1]
    return None


def learn(
    sources: Sources,
    before: Evidence,
    until: datetime,
    settings: DeepSettings,
    folder: Path,
) -> Learned:
    """Train the learned fusion on acts in ``[before.as_of, until)`` known before ``until``.

    Parameters
    ----------
    sources : Sources
        Acts and item vectors.
    before : Evidence
        Inputs: everything as of the window's start.
    until : datetime
        End of the window; the fusion serves snapshots from here on.
    settings : DeepSettings
        Sizes and seed.
    folder : Path
        Where it is saved.
    """
    from features.profile.deep import DeepFusion  # noqa: PLC0415 (torch: only when it is needed)

    examples = _examples(sources, before, until)
    if len(examples.item) < settings.fewest:
        reason = (
            f"learned fusion skipped: {len(examples.item)} acts with a profile and an item vector "
            f"between {before.as_of:%Y-%m-%d} and {until:%Y-%m-%d}, at least {settings.fewest} "
            "are needed; the weighted profile stands in"
        )
        return Learned(None, None, reason)
    if len(examples.item) > settings.most:
        random = np.random.default_rng(settings.seed)
        chosen = np.sort(random.choice(len(examples.item), settings.most, replace=False))
        examples = replace(examples, customer=examples.customer[chosen], item=examples.item[chosen])
    fusion = DeepFusion(settings)
    loss = fusion.learn(examples)
    fusion.save(folder)
    reason = f"learned fusion: {len(examples.item)} acts, held-out loss {loss:.3f}"
    return Learned(fusion, until, reason)


def _examples(sources: Sources, before: Evidence, until: datetime) -> Examples:
    from features.profile.deep import Examples  # noqa: PLC0415

    start, end = int(before.as_of.timestamp()), int(until.timestamp())
    acts = sources.tables.acts.filter((_.at >= start) & (_.at < end) & (_.known < end))
    rows = (
        acts.select("customer", "item")
        .inner_join(sources.tables.customers.select("customer", "customer_id"), "customer")
        .inner_join(sources.tables.items.select("item", "item_id"), "item")
        .select("customer_id", "item_id")
        .order_by("customer_id", "item_id")
        .to_pyarrow()
    )
    ids = sources.catalog.ids if sources.catalog else []
    customer = _places(rows["customer_id"].to_pylist(), before.customers)
    item = _places(rows["item_id"].to_pylist(), ids)
    profiled = np.any(before.blocks != 0, axis=(1, 2))
    described = np.any(before.item_vectors != 0, axis=1)
    kept = (customer >= 0) & (item >= 0)
    kept[kept] = profiled[customer[kept]] & described[item[kept]]
    return Examples(before.blocks, customer[kept], item[kept], before.item_vectors)


def _places(values: Sequence[str], order: Sequence[str]) -> npt.NDArray[np.int64]:
    place = {name: number for number, name in enumerate(order)}
    return np.array([place.get(value, -1) for value in values], dtype=np.int64)
