"""``questions.parquet`` and ``question_groups.parquet``: who asked what, and how often."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.stats import binomtest

from features.text.base import content_hash
from features.text.language import language_of
from features.text.pii.mask import mask
from features.text.questions.detect import bare, questions_in
from features.text.questions.group import LEAST, Vectors, group_questions

RECENT = timedelta(days=28)
_EXAMPLES = 3
_NEXT = b"next_id"
_TIME = pa.timestamp("us", tz="UTC")
QUESTIONS = pa.schema(
    [
        ("text_id", pa.string()),
        ("customer_id", pa.string()),
        ("occurred_at", _TIME),
        ("start", pa.int32()),
        ("end", pa.int32()),
        ("question", pa.string()),
        ("key", pa.binary(16)),
        ("group_id", pa.int64()),
    ]
)
GROUPS = pa.schema(
    [
        ("group_id", pa.int64()),
        ("language", pa.string()),
        ("question", pa.string()),
        ("count", pa.int64()),
        ("customers", pa.int64()),
        ("first_at", _TIME),
        ("last_at", _TIME),
        ("recent", pa.int64()),
        ("before", pa.int64()),
        ("p_value", pa.float64()),
        ("examples", pa.list_(pa.string())),
    ]
)


def write_questions(
    folder: Path, batches: Iterable[pa.RecordBatch], vectors: Vectors, *, least: float = LEAST
) -> dict[str, int]:
    """Find the questions of some texts, group them, and keep both tables.

    ``questions.parquet`` has a row for every question asked (:data:`QUESTIONS`; ``start`` and
    ``end`` are its place in the text, ``question`` is masked), ``question_groups.parquet`` one for
    every group (:data:`GROUPS`), the most frequent first: its most typical question, how many
    asked, how often in the last 28 days of the data and in the 28 before, the p-value of that
    change against the change of all questions together (binomial), and examples, masked.

    Parameters
    ----------
    folder : Path
        Where both are written; the tables of last time decide which group keeps which id.
    batches : iterable of pyarrow.RecordBatch
        Columns ``text_id``, ``customer_id``, ``occurred_at`` and ``text``.
    vectors : callable
        Gives the sentence vectors of n texts.
    least : float
        See :func:`~features.text.questions.group.group_questions`.

    Returns
    -------
    dict
        How many questions and groups there are, and how many of the groups are new.
    """
    asked = [row for batch in batches for row in _asked(batch)]
    counts = Counter(row["bare"] for row in asked)
    distinct = sorted(counts, key=content_hash)
    groups = group_questions(distinct, vectors, least=least)
    members: dict[int, list[str]] = defaultdict(list)
    for question, group in zip(distinct, groups.tolist(), strict=True):
        members[group].append(question)
    before, fresh = _remembered(folder)
    ids = keep_ids(members, counts, before, fresh)
    of = {question: ids[group] for group, inside in members.items() for question in inside}
    rows = [_row(row, of[row["bare"]]) for row in asked]
    typical = {ids[group]: _typical(inside, counts, vectors) for group, inside in members.items()}
    described = _described(rows, typical)
    following = max([fresh, *(number + 1 for number in ids.values())])
    _keep(folder / "questions.parquet", pa.Table.from_pylist(rows, schema=QUESTIONS))
    schema = GROUPS.with_metadata({_NEXT: str(following).encode()})
    _keep(folder / "question_groups.parquet", pa.Table.from_pylist(described, schema=schema))
    new = sum(number >= fresh for number in ids.values())
    return {"questions": len(rows), "groups": len(described), "new": new}


def keep_ids(
    members: Mapping[int, Sequence[str]],
    counts: Mapping[str, int],
    before: Mapping[bytes, int],
    fresh: int,
) -> dict[int, int]:
    """Return the id of each group: that of the old group it shares most questions with.

    Parameters
    ----------
    members : mapping of int to sequence of str
        The distinct questions of each group.
    counts : mapping of str to int
        How often each was asked.
    before : mapping of bytes to int
        The id of the group that each question was in, by its content hash.
    fresh : int
        First id that was never used.
    """
    shared: Counter[tuple[int, int]] = Counter()
    for group, inside in members.items():
        for question in inside:
            if (old := before.get(content_hash(question))) is not None:
                shared[group, old] += counts[question]
    ids: dict[int, int] = {}
    for (group, old), _ in sorted(shared.items(), key=lambda pair: (-pair[1], pair[0][1], pair[0])):
        if group not in ids and old not in ids.values():
            ids[group] = old
    # New ids go by the smallest hash of a group, which no order of rows changes.
    rest = [group for group in members if group not in ids]
    rest.sort(key=lambda group: min(content_hash(question) for question in members[group]))
    return ids | {group: fresh + place for place, group in enumerate(rest)}


def _asked(batch: pa.RecordBatch) -> Iterable[dict[str, Any]]:
    wanted = batch.select(["text_id", "customer_id", "occurred_at", "text"])
    for row in wanted.to_pylist():
        text = row.pop("text")
        for start, end in questions_in(text):
            said = text[start:end]
            yield row | {"start": start, "end": end, "question": mask(said), "bare": bare(said)}


def _row(row: dict[str, Any], group: int) -> dict[str, Any]:
    said = row.pop("bare")
    return row | {"key": content_hash(said), "group_id": group, "language": language_of(said)}


def _typical(inside: Sequence[str], counts: Mapping[str, int], vectors: Vectors) -> bytes:
    """Return the key of the question that is nearest to all others, each as often as asked."""
    if len(inside) == 1:
        return content_hash(inside[0])
    matrix = vectors(inside).astype(np.float64)
    weight = np.array([counts[question] for question in inside], dtype=np.float64)
    center = (matrix * weight[:, None]).sum(axis=0)
    near = ((matrix @ center) * weight**0.5).round(6)
    return content_hash(inside[int(near.argmax())])


def _described(
    rows: Sequence[Mapping[str, Any]], typical: Mapping[int, bytes]
) -> list[dict[str, Any]]:
    if not rows:
        return []
    last: datetime = max(row["occurred_at"] for row in rows)
    by_group: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row["occurred_at"], row["text_id"], row["start"])):
        by_group[row["group_id"]].append(row)
    everywhere = _recent(rows, last)
    found = []
    for group, asked in by_group.items():
        recent, before = _recent(asked, last)
        first = next(row for row in asked if row["key"] == typical[group])
        found.append(
            {
                "group_id": group,
                "language": first["language"],
                "question": first["question"],
                "count": len(asked),
                "customers": len({row["customer_id"] for row in asked} - {None}),
                "first_at": asked[0]["occurred_at"],
                "last_at": asked[-1]["occurred_at"],
                "recent": recent,
                "before": before,
                "p_value": _change(recent, before, everywhere),
                "examples": list(dict.fromkeys(row["question"] for row in asked))[:_EXAMPLES],
            }
        )
    return sorted(found, key=lambda row: (-row["count"], row["group_id"]))


def _recent(rows: Sequence[Mapping[str, Any]], last: datetime) -> tuple[int, int]:
    ages = [last - row["occurred_at"] for row in rows]
    return sum(age < RECENT for age in ages), sum(RECENT <= age < 2 * RECENT for age in ages)


def _change(recent: int, before: int, everywhere: tuple[int, int]) -> float | None:
    """Return the p-value of a group's change, None where there is nothing to compare."""
    if not recent + before or not everywhere[1]:
        return None
    expected = everywhere[0] / sum(everywhere)
    return float(binomtest(recent, recent + before, expected).pvalue)


def _remembered(folder: Path) -> tuple[dict[bytes, int], int]:
    questions, groups = folder / "questions.parquet", folder / "question_groups.parquet"
    if not (questions.exists() and groups.exists()):
        return {}, 0
    table = pq.read_table(questions, columns=["key", "group_id"])
    keys, ids = table["key"].to_pylist(), table["group_id"].to_pylist()
    fresh = int((pq.read_schema(groups).metadata or {}).get(_NEXT, b"0"))
    return dict(zip(keys, ids, strict=True)), fresh


def _keep(path: Path, table: pa.Table) -> None:
    draft = path.with_suffix(".draft")
    pq.write_table(table, draft, compression="zstd")
    draft.replace(path)
