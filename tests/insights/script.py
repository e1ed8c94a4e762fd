"""Chats written as lines of text, for tests whose answers are counted by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from ingest.schemas import canonical
from ingest.store import Store
from ingest.workspace import Workspace
from insights.settings import InsightSettings
from insights.tables import Tables

STATES = ("opened", "reopened", "handed_off", "resolved", "bot_resolved", "surveyed")


def moment(told: str) -> datetime:
    """Return ``10:00`` of 2026-03-02, ``05T10:00`` of that March, or a whole time; UTC."""
    day, _, clock = told.rpartition("T")
    whole = {0: "2026-03-02", 2: f"2026-03-{day}"}.get(len(day), day)
    return datetime.fromisoformat(f"{whole}T{clock}").replace(tzinfo=UTC)


def write(
    root: Path,
    chats: str | Mapping[str, str],
    settings: Mapping[str, Any] | None = None,
    *,
    numbered: int = 0,
) -> Tables:
    """Store chats and return the tables over them.

    Several chats have names, which conversations and customers begin with: they never meet.
    Further lines of the same chats need numbers of their own, from ``numbered`` on.
    """
    rows: dict[str, list[dict[str, Any]]] = {"messages": [], "events": [], "feedback": []}
    named = {"": chats} if isinstance(chats, str) else {f"{name}-": chats[name] for name in chats}
    for name, chat in named.items():
        for number, line in enumerate(
            filter(None, map(str.strip, chat.splitlines())), start=numbered
        ):
            table, row = _row(name, number, *line.split())
            rows[table].append(row)
    workspace = Workspace.named("shop", root)
    for table, found in rows.items():
        if found:
            schema = canonical(table).schema
            Store(workspace.store).add(table, pa.Table.from_pylist(found, schema))
    return Tables(workspace, InsightSettings.model_validate(settings or {}))


def _row(
    case: str, number: int, told: str, conversation: str, what: str, *words: str
) -> tuple[str, dict[str, Any]]:
    extra = dict(word.partition("=")[::2] for word in words)
    at = moment(told)
    who, _, name = what.partition(":")
    kind, _, detail = what.partition("=")
    common = {"source": extra.get("source", "test"), "occurred_at": at, "available_at": at}
    customer = name if who == "customer" and name else "c1"
    common["customer_id"] = None if extra.get("customer") == "none" else f"{case}{customer}"
    about = {"conversation_id": f"{case}{conversation}"}
    if kind == "rated":
        answer = {
            "feedback_id": f"{case}f{number}",
            "kind": "survey",
            "text": "so",
            "rating": float(detail),
        }
        return "feedback", common | answer | {"attributes": json.dumps(about)}
    state = kind in (*STATES, "labeled", "categorized")
    if state and extra.get("via") == "event":
        named = {"labeled": {"label": detail}, "categorized": {"category": detail}}.get(kind, {})
        event = {"event_id": f"{case}e{number}", "kind": f"conversation_{kind}"}
        return "events", common | event | {"attributes": json.dumps(about | named)}
    return "messages", common | {
        "message_id": f"{case}m{number}",
        "conversation_id": f"{case}{conversation}",
        "agent_id": name if who == "agent" else None,
        "sender_role": "system" if state else who,
        "kind": f"conversation_{kind}" if state else extra.get("kind", "text"),
        "text": detail if state else "hello",
        "reply_to": extra.get("reply_to"),
        "recalled": "recalled" in extra,
        "private": "private" in extra,
        "channel": extra.get("channel", "web"),
    }
