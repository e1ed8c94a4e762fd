"""A workspace whose texts were analyzed by hand: what stands in each file is written here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from features.text.pipeline.outputs import RESULT
from features.text.pipeline.stages import texts_folder
from features.text.questions.table import GROUPS, QUESTIONS
from features.text.signals.analyzer import SignalAnalyzer
from features.text.taxonomy.table import LABELS
from ingest.schemas import canonical
from ingest.store import Store
from ingest.workspace import Workspace
from insights.settings import InsightSettings
from insights.tables import Tables

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
POLARITY = {"positive": 0.8, "neutral": 0.0, "negative": -0.8}
_ASPECTS = pa.schema(
    [
        ("text_id", pa.string()),
        (
            "aspects",
            pa.list_(
                pa.struct(
                    [
                        ("target", pa.string()),
                        ("aspect", pa.string()),
                        ("polarity", pa.float32()),
                        ("start", pa.int32()),
                        ("end", pa.int32()),
                    ]
                )
            ),
        ),
    ]
)
Text = Mapping[str, Any]


def said(day: float, customer: str | None, **extra: Any) -> dict[str, Any]:
    """Return what one customer wrote some days after 2026-03-01 09:00."""
    return {"day": day, "customer": customer, "mood": "negative", "text": "it broke again", **extra}


def write(root: Path, texts: Sequence[Text], settings: Mapping[str, Any] | None = None) -> Tables:
    """Store texts with what analysis said of them, and return the tables over them.

    Of each text: day, customer, mood, text; and where wanted id, item, channel (a message then, of
    the conversation ``conversation``), source, labels (``{taxonomy: label}``), signals (``{name:
    score}``), aspects (``{name: polarity}``), urgency, question (number of its group), keywords.
    """
    workspace = Workspace.named("shop", root)
    store = Store(workspace.store)
    rows = [{"id": f"t{place}", **text} for place, text in enumerate(texts)]
    stored = [row for row in rows if "channel" in row]
    if stored:
        _add(store, "messages", [_message(row) for row in stored])
    written = [row for row in rows if "channel" not in row]
    if written:
        _add(store, "feedback", [_feedback(row) for row in written])
    folder = texts_folder(workspace)
    folder.mkdir(parents=True)
    pq.write_table(
        pa.Table.from_pylist([_analyzed(row) for row in rows], RESULT), folder / "texts.parquet"
    )
    _labels(folder, rows)
    _signals(folder, rows)
    _questions(folder, rows)
    return Tables(workspace, InsightSettings.model_validate(settings or {}))


def catalog(tables: Tables, **categories: str) -> None:
    """Store items by their category, called as their id in capitals."""
    rows = [
        {"item_id": item, "source": "test", "title": item.upper(), "category": category}
        for item, category in categories.items()
    ]
    _add(Store(tables.workspace.store), "items", rows)


def customers(tables: Tables, **segments: str) -> None:
    """Store customers by their segment."""
    rows = [
        {
            "customer_id": name,
            "source": "test",
            "attributes": json.dumps({"segment": segment, "name": "Lin"}),
        }
        for name, segment in segments.items()
    ]
    _add(Store(tables.workspace.store), "customers", rows)


def _add(store: Store, table: str, rows: list[dict[str, Any]]) -> None:
    store.add(table, pa.Table.from_pylist(rows, canonical(table).schema))


def _at(row: Text) -> datetime:
    return START + timedelta(days=row["day"])


def _common(row: Text) -> dict[str, Any]:
    at = _at(row)
    return {
        "source": row.get("source", "test"),
        "customer_id": row["customer"],
        "text": row["text"],
        "occurred_at": at,
        "available_at": at,
    }


def _message(row: Text) -> dict[str, Any]:
    return _common(row) | {
        "message_id": row["id"],
        "conversation_id": row.get("conversation", row["id"]),
        "sender_role": "customer",
        "kind": "text",
        "recalled": False,
        "private": False,
        "channel": row["channel"],
    }


def _feedback(row: Text) -> dict[str, Any]:
    return _common(row) | {
        "feedback_id": row["id"],
        "kind": "review",
        "item_id": row.get("item"),
    }


def _analyzed(row: Text) -> dict[str, Any]:
    return _common(row) | {
        "text_id": row["id"],
        "kind": "message" if "channel" in row else "feedback",
        "item_id": row.get("item"),
        "language": "en",
        "sentiment": row["mood"],
        "polarity": POLARITY.get(row["mood"]),
        "keywords": row.get("keywords", []),
    }


def _labels(folder: Path, rows: Sequence[Text]) -> None:
    told = [
        {
            "text_id": row["id"],
            "taxonomy": taxonomy,
            "label": label,
            "confidence": row.get("confidence", 0.5),
            "owner": "x",
        }
        for row in rows
        for taxonomy, label in row.get("labels", {}).items()
    ]
    if told:
        pq.write_table(pa.Table.from_pylist(told, LABELS), folder / "labels.parquet")


def _signals(folder: Path, rows: Sequence[Text]) -> None:
    if not any("signals" in row or "urgency" in row for row in rows):
        return
    heard = [
        {
            "text_id": row["id"],
            "signals": [
                {"signal": name, "score": score, "evidence": "", "start": 0, "end": 8}
                for name, score in row.get("signals", {}).items()
            ],
            "purchase_intent": 0.0,
            "urgency": row.get("urgency", 0.0),
        }
        for row in rows
    ]
    schema = pa.schema([pa.field("text_id", pa.string()), *SignalAnalyzer.schema])
    pq.write_table(pa.Table.from_pylist(heard, schema), folder / "signals.parquet")
    about = [
        {
            "text_id": row["id"],
            "aspects": [
                {"target": "", "aspect": name, "polarity": polarity, "start": 0, "end": 8}
                for name, polarity in row.get("aspects", {}).items()
            ],
        }
        for row in rows
    ]
    pq.write_table(pa.Table.from_pylist(about, _ASPECTS), folder / "aspects.parquet")


def _questions(folder: Path, rows: Sequence[Text]) -> None:
    asked = [
        {
            "text_id": row["id"],
            "customer_id": row["customer"],
            "occurred_at": _at(row),
            "start": 0,
            "end": len(row["text"]),
            "question": row["text"],
            "key": row["id"].ljust(16)[:16].encode(),
            "group_id": row["question"],
        }
        for row in rows
        if "question" in row
    ]
    if not asked:
        return
    groups = [{"group_id": row["group_id"], "question": row["question"]} for row in asked]
    pq.write_table(pa.Table.from_pylist(asked, QUESTIONS), folder / "questions.parquet")
    pq.write_table(pa.Table.from_pylist(groups, GROUPS), folder / "question_groups.parquet")
