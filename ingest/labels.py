"""What labels say now: a fold over the table ``labels``, in which nothing is ever changed.

The newest label of an annotator for a text in a taxonomy stands. A row with ``retracts`` takes
another row back and labels nothing itself; taking back the newest makes the one before stand again,
and a retraction can be taken back too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from ingest.schemas import LABELS

_ORDER = [("at", "ascending"), ("label_id", "ascending")]


@dataclass(frozen=True)
class Agreed:
    """One text with the label that most of those who labeled it gave it.

    Attributes
    ----------
    text : str
        As it was labeled.
    text_id : str or None
        Which text of the workspace it is, where that was said.
    label : str
        Of equally many votes, the newest label.
    votes, annotators : int
        How many gave this label, of how many.
    """

    text: str
    text_id: str | None
    label: str
    votes: int
    annotators: int


def standing(rows: pa.Table) -> pa.Table:
    """Return the labels that stand: one row an annotator, text and taxonomy, in order of time.

    Parameters
    ----------
    rows : pyarrow.Table
        Rows of the canonical table, in any order. A text is the same as another if its
        ``text_id`` is, or, without one, its content.
    """
    rows = rows.sort_by(_ORDER)
    given = rows.to_pylist()
    gone = _retracted(given)
    newest: dict[tuple[str, str, str], int] = {}
    for place, row in enumerate(given):
        if row["retracts"] is None and row["label_id"] not in gone:
            newest[row["taxonomy"], row["annotator"], identity(row)] = place
    return rows.take(pa.array(sorted(newest.values()), pa.int64())).cast(LABELS.schema)


def agreed(rows: pa.Table, taxonomy: str) -> list[Agreed]:
    """Return the texts labeled in a taxonomy with the label of most, in order of first labels.

    Parameters
    ----------
    rows : pyarrow.Table
        Rows of the canonical table.
    taxonomy : str
        Its name.
    """
    votes: dict[str, list[dict[str, Any]]] = {}
    for row in standing(rows).to_pylist():
        if row["taxonomy"] == taxonomy:
            votes.setdefault(identity(row), []).append(row)
    return [_most(given) for given in votes.values()]


def identity(row: dict[str, Any]) -> str:
    """Return what tells a labeled text from others: its id, or its trimmed content."""
    if row["text_id"] is not None:
        return f"id {row['text_id']}"
    return f"text {row['text'].strip()}"


def _most(given: list[dict[str, Any]]) -> Agreed:
    counts = Counter(row["label"] for row in given)
    best = max(counts.values())
    newest = max(
        (row for row in given if counts[row["label"]] == best),
        key=lambda row: (row["at"], row["label_id"]),
    )
    return Agreed(newest["text"], newest["text_id"], newest["label"], best, len(given))


def _retracted(given: Iterable[dict[str, Any]]) -> set[str]:
    """Return the ids of rows that are taken back by a row that is not taken back itself."""
    pairs: list[tuple[datetime, str, str]] = [
        (row["at"], row["label_id"], row["retracts"]) for row in given if row["retracts"]
    ]
    gone: set[str] = set()
    for _, label_id, target in sorted(pairs, reverse=True):  # the newest cannot be taken back
        if label_id not in gone:
            gone.add(target)
    return gone
