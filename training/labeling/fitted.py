"""Which texts the model that labeled a workspace was fitted on, as far as that is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow.parquet as pq

from features.text.taxonomy.chosen import STARTER
from features.text.taxonomy.table import sentences
from features.text.taxonomy.taxonomy import Taxonomy
from ingest.workspace import Workspace
from training.classify.corpus import place
from training.classify.registry import ClassifierRegistry
from training.tracking.store import TrackingStore


@dataclass(frozen=True)
class Fitted:
    """What a model was fitted on.

    Attributes
    ----------
    tier : str
        ``starter`` for one that learned from the taxonomy's examples only.
    examples : frozenset of str
        Sentences of the taxonomy and those that belong nowhere; every model learns from them.
    held_out : float or None
        Share of labeled texts, by their content, that never taught it; None where unknown.
    """

    tier: str
    examples: frozenset[str]
    held_out: float | None

    def saw(self, text: str) -> bool:
        """Return whether the model may have been fitted on a text, if that can be known."""
        if text.strip() in self.examples:
            return True
        return self.held_out is not None and place(text) >= self.held_out

    @property
    def known(self) -> str:
        """What is known about it, in words."""
        if self.held_out is None:
            return (
                "No registered run tells which texts this model was fitted on: all count, and the "
                "figures may be too high. Give tracking.folder, or fit and promote it again"
            )
        if self.tier == STARTER:
            return "It learned from the taxonomy's examples only, from nobody's labels"
        return (
            f"Its run held out {self.held_out:.0%} of the labeled texts, by their content; it was "
            "fitted on none of those, and the others are left out"
        )


@dataclass(frozen=True)
class Answered:
    """What text analysis gave: text id -> label, text id -> text, and what it was given by."""

    labels: Mapping[str, str]
    texts: Mapping[str, str]
    fitted: Fitted


def answered(workspace: Workspace, taxonomy: Taxonomy, store: TrackingStore) -> Answered | None:
    """Return what text analysis last answered in a taxonomy, None if it was not asked.

    Parameters
    ----------
    workspace : Workspace
        Its ``features/text`` is read: ``labels.parquet``, ``labels.json``, ``texts.parquet``.
    taxonomy : Taxonomy
    store : TrackingStore
        Where the runs of classifiers are; asked only if one was promoted.
    """
    folder = workspace.features / "text"
    told, report = folder / "labels.parquet", folder / "labels.json"
    if not told.is_file() or not report.is_file():
        return None
    about: dict[str, Any] | None = orjson.loads(report.read_bytes()).get(taxonomy.name)
    if about is None:
        return None
    rows = pq.read_table(
        told, columns=["text_id", "label"], filters=[("taxonomy", "=", taxonomy.name)]
    )
    texts = pq.read_table(folder / "texts.parquet", columns=["text_id", "text"])
    return Answered(
        dict(zip(rows["text_id"].to_pylist(), rows["label"].to_pylist(), strict=True)),
        dict(zip(texts["text_id"].to_pylist(), texts["text"].to_pylist(), strict=True)),
        Fitted(
            str(about["tier"]),
            frozenset(text.strip() for text in sentences([taxonomy])),
            _held_out(about, ClassifierRegistry(workspace.name, taxonomy.name, store)),
        ),
    )


def _held_out(about: Mapping[str, Any], registry: ClassifierRegistry) -> float | None:
    """Return the share that the fit of this very model held out."""
    if about["tier"] == STARTER:
        return 1.0
    versions = {f"{v.tags.get('tier')}:{v.tags.get('version')}": v for v in registry.versions()}
    found = versions.get(str(about["version"]))
    return None if found is None or "held_out" not in found.tags else float(found.tags["held_out"])
