"""Signals of conversations show the strongest message, and grow more urgent with every contact."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from features.text.signals.analyzer import SignalAnalyzer
from features.text.signals.table import CONVERSATION_SIGNALS, write_conversation_signals
from ingest.store import Store

AT = datetime(2024, 5, 1, tzinfo=UTC)


def test_conversations_are_flagged(
    store: Store, tmp_path: Path, add_message: Callable[..., None]
) -> None:
    said = [
        ("m1", "v", 0, "请尽快处理", {}),
        ("m2", "v", 1, "你们客服不回复", {}),
        ("m3", "v", 2, "客服一直不回复，态度也差", {}),
        ("m4", "w", 0, "我想买两个", {}),
        ("m5", "w", 0, "马上就买", {"recalled": True}),
        ("m6", "w", 0, "建议您看看这款", {"sender_role": "agent"}),
        ("m7", "x", 0, "请尽快处理", {}),
    ]
    for name, conversation, day, text, more in said:
        at = AT + timedelta(days=day)
        add_message(store, name, text, conversation_id=conversation, occurred_at=at,
                    available_at=at, **more)  # fmt: skip
    table = write_conversation_signals(tmp_path, store, batch=2)
    assert table.schema == CONVERSATION_SIGNALS
    assert pq.read_table(tmp_path / "conversation_signals.parquet") == table
    rows = {(row["conversation_id"], row["signal"]): row for row in table.to_pylist()}
    angry = rows["v", "service_dissatisfaction"]
    assert (angry["messages"], angry["text_id"]) == (2, "m3")
    assert rows["w", "purchase_intent"]["text_id"] == "m4"
    assert {signal for conversation, signal in rows if conversation == "w"} == {"purchase_intent"}
    once = SignalAnalyzer().analyze(["请尽快处理"])["urgency"][0].as_py()
    assert rows["x", "urgency"]["score"] == pytest.approx(once)
    assert rows["v", "urgency"]["score"] == pytest.approx(1 - (1 - once) * 0.9**2)
    scores = table["score"].to_pylist()
    assert scores == sorted(scores, reverse=True)


def test_no_messages_no_signals(store: Store, tmp_path: Path) -> None:
    assert write_conversation_signals(tmp_path, store).num_rows == 0
