"""Texts and stores that the tests of text analysis share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from features.text.embedding.embed import Embedder
from ingest.store import Store
from ingest.workspace import Workspace

START = datetime(2024, 1, 1, tzinfo=UTC)

Review = tuple[str, float | None]
AddReviews = Callable[..., None]


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    """The real encoder, loaded once."""
    found = Embedder()
    found.vectors(["warm"])
    return found


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "shop")


@pytest.fixture
def store(workspace: Workspace) -> Store:
    return Store(workspace.store)


@pytest.fixture
def add_reviews() -> AddReviews:
    """Add reviews, one a day from ``first`` on: (text, stars or None)."""

    def add(store: Store, reviews: Sequence[Review], first: int = 0, **columns: Any) -> None:
        rows = []
        for day, (text, rating) in enumerate(reviews, start=first):
            moment = START + timedelta(days=day)
            row = {
                "feedback_id": f"f{day}", "source": "test", "customer_id": f"c{day % 3}",
                "item_id": f"i{day % 2}", "kind": "review", "title": None, "text": text,
                "rating": rating, "occurred_at": moment, "available_at": moment,
                "attributes": None,
            }  # fmt: skip
            rows.append(row | columns)
        store.add("feedback", pa.Table.from_pylist(rows))

    return add


@pytest.fixture
def add_message() -> Callable[..., None]:
    """Add one chat message."""

    def add(store: Store, message_id: str, text: str | None, **columns: Any) -> None:
        row = {
            "message_id": message_id, "source": "test", "conversation_id": "v", "customer_id": "c1",
            "agent_id": None, "sender_role": "customer", "kind": "text", "text": text,
            "media": None, "reply_to": None, "recalled": False, "private": False, "channel": None,
            "occurred_at": START, "available_at": START, "raw": None,
        }  # fmt: skip
        store.add("messages", pa.Table.from_pylist([row | columns]))

    return add
