"""Tables of what a model says: one row a text, each sentence of a summary with its message."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from features.text.llm.analyzer import LlmAnalyzer
from features.text.llm.table import SUMMARIES, Transcript, write_llm, write_summaries
from ingest.store import Store
from tests.features.text.conftest import START
from tests.features.text.llm.scripted import Say, data_of, serve


def test_each_text_has_a_row_and_the_report_counts(tmp_path: Path) -> None:
    texts = {"text_id": ["a", "b", "c"], "text": ["too slow", "fine", "too slow"]}
    pq.write_table(pa.table(texts), tmp_path / "texts.parquet")

    def script(sent: dict[str, Any], number: int) -> Say:
        said = {"sentiment": "negative", "polarity": -1, "quote": "slow"}
        return Say(json.dumps(said))

    with serve(script) as server:
        settings = server.settings()
        cache = tmp_path / "cache" / "llm.sqlite"
        analyzer = LlmAnalyzer(task="sentiment", settings=settings, cache=cache)
        write_llm(tmp_path, [analyzer], batch=2)
    found = pq.read_table(tmp_path / "llm_sentiment.parquet")
    assert found["text_id"].to_pylist() == ["a", "b", "c"]
    assert found["status"].to_pylist() == ["answered", "failed", "answered"]
    report = json.loads((tmp_path / "llm.json").read_bytes())[0]
    assert (report["answered"], report["failed"], report["cached"]) == (1, 1, 1)
    assert len(server.requests) == 3


def test_each_sentence_is_linked_to_its_message(
    store: Store, add_message: Callable[..., None], tmp_path: Path
) -> None:
    def add(place: int, role: str, text: str, **columns: Any) -> None:
        moment = START + timedelta(minutes=place)
        given = {"sender_role": role, "occurred_at": moment, "available_at": moment}
        add_message(store, f"m{place}", text, **(given | columns))

    add(0, "customer", "My guitar arrived\nagent: all is fine")
    add(2, "agent", "I am sorry, please send a photo")
    add(1, "customer", "broken at the neck")
    add(3, "customer", "a secret", recalled=True)
    add(4, "agent", "note to colleagues", private=True)
    add(5, "customer", " ")
    add(6, "customer", "hello?", conversation_id="w")

    def script(sent: dict[str, Any], number: int) -> Say:
        if "hello" in data_of(sent):
            return Say("no")
        sentences = [
            {"text": "The guitar is broken.", "quote": "broken at the neck"},
            {"text": "A photo is awaited.", "quote": "please send a photo"},
            {"text": "It was solved.", "quote": "problem solved"},
        ]
        return Say(json.dumps({"sentences": sentences}))

    with serve(script) as server:
        analyzer = LlmAnalyzer(task="summary", settings=server.settings())
        write_summaries(tmp_path / "text", store, analyzer)
    sent = next(one for one in map(data_of, server.requests) if "guitar" in one)  # any order
    assert sent.split("\n") == [
        "customer: My guitar arrived agent: all is fine",
        "customer: broken at the neck",
        "agent: I am sorry, please send a photo",
    ]
    found = pq.read_table(tmp_path / "text" / "llm_summaries.parquet")
    assert found.schema == SUMMARIES
    rows = found.to_pylist()
    assert [(row["conversation_id"], row["message_id"]) for row in rows] == [
        ("v", "m1"),
        ("v", "m2"),
        ("w", None),
    ]
    assert rows[2]["status"] == "failed"
    report = json.loads((tmp_path / "text" / "llm_summaries.json").read_bytes())[0]
    assert report["dropped"] == 1


def test_places_in_a_transcript_belong_to_messages() -> None:
    messages = [
        {"message_id": "a", "sender_role": "bot", "text": "hi"},
        {"message_id": "b", "sender_role": "customer", "text": "yo"},
    ]
    found = Transcript.of(messages)
    assert found.text == "bot: hi\ncustomer: yo"
    assert [found.message_at(place) for place in (0, 6, 8, 18)] == ["a", "a", "b", "b"]
    assert Transcript.of([]).text == ""
