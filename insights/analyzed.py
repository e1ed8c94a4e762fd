"""What text analysis found in single messages: language, mood, words, labels, entities (D11)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from features.text.pii.mask import mask
from features.text.pipeline.stages import texts_folder
from ingest.duck import session
from ingest.workspace import Workspace

_TEXTS = ("language", "sentiment", "polarity", "keywords")


@dataclass(frozen=True)
class Label:
    """Where a message belongs in one taxonomy, and how sure that is (0 to 1)."""

    taxonomy: str
    label: str
    confidence: float


@dataclass(frozen=True)
class Entity:
    """What a message names, such as a product or a sum; personal data masked."""

    kind: str
    text: str


@dataclass(frozen=True)
class Analysis:
    """What was found in one message.

    Attributes
    ----------
    language, sentiment : str or None
        Such as ``zh`` and ``negative``.
    polarity : float or None
        From -1 to 1.
    keywords : tuple of str
        Its telling words, masked.
    labels : tuple of Label
        One a taxonomy; ``service_categories`` holds the category.
    entities : tuple of Entity
        In the order of the text.
    """

    language: str | None
    sentiment: str | None
    polarity: float | None
    keywords: tuple[str, ...]
    labels: tuple[Label, ...]
    entities: tuple[Entity, ...]


def analyses(workspace: Workspace, messages: Sequence[str]) -> dict[str, Analysis]:
    """Return what was found in messages, by id; those that were not analyzed are left out.

    Parameters
    ----------
    workspace : Workspace
        Whose texts were analyzed, or were not: then nothing is found.
    messages : sequence of str
        Their ids.
    """
    folder = texts_folder(workspace)
    texts = _read(folder / "texts.parquet", _TEXTS, messages)
    labels = _read(folder / "labels.parquet", ("taxonomy", "label", "confidence"), messages)
    named = _read(folder / "entities.parquet", ("kind", "text", "start"), messages)
    found: dict[str, Analysis] = {}
    for row in texts:
        key = row["text_id"]
        about = [one for one in labels if one["text_id"] == key]
        names = sorted(
            (one for one in named if one["text_id"] == key), key=lambda one: int(one["start"])
        )
        found[key] = Analysis(
            language=row["language"],
            sentiment=row["sentiment"],
            polarity=row["polarity"],
            keywords=tuple(mask(word) for word in row["keywords"] or ()),
            labels=tuple(
                Label(one["taxonomy"], one["label"], one["confidence"])
                for one in sorted(about, key=lambda one: str(one["taxonomy"]))
            ),
            entities=tuple(Entity(one["kind"], mask(one["text"])) for one in names),
        )
    return found


def _read(file: Path, columns: Sequence[str], messages: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rows of some texts; columns that the file has not are None."""
    if not file.exists() or not messages:
        return []
    known = set(pq.read_schema(file).names)
    chosen = ", ".join(name if name in known else f"NULL AS {name}" for name in columns)
    places = ", ".join("?" * len(messages))
    query = f"SELECT text_id, {chosen} FROM read_parquet(?) WHERE text_id IN ({places})"  # noqa: S608 (columns are ours)
    with session() as database:
        rows: list[dict[str, Any]] = (
            database.execute(query, [str(file), *messages]).to_arrow_table().to_pylist()
        )
    return rows
