"""Six rows about one customer yield a profile and a recommendation."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from features.behavior.settings import BehaviorSettings
from features.behavior.tables import open_tables
from features.items.catalog import build_catalog
from features.profile.content import content_ranking
from features.profile.settings import ProfileSettings
from features.profile.snapshot import Evidence, Sources, gather
from features.profile.tables import snapshot_tables
from features.text.embedding.embed import embed
from ingest.store import Store
from ingest.workspace import Workspace

FIXTURE = Path(__file__).parents[2] / "fixtures" / "customer_a.csv"
TOPICS = ["coffee", "garden", "sport"]
OTHERS = ["coffee beans", "espresso cups", "football", "flower pot", "yoga mat", "lawn mower"]
AS_OF = datetime(2024, 5, 1, tzinfo=UTC)
RATINGS = {1: 5.0, 0: 3.0, -1: 1.0}


def read_rows() -> list[dict[str, Any]]:
    with FIXTURE.open(encoding="utf-8") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file))
    for number, row in enumerate(rows):
        at = AS_OF - timedelta(days=10 - number)
        row.update(at=at, behavior=int(row["behavior"]), sentiment=int(row["sentiment"]))
    return rows


def analyzed(rows: list[dict[str, Any]]) -> pa.Table:
    """The six texts with their given labels instead of estimated ones."""
    shares = [[float(row["topic"] == topic) for topic in TOPICS] for row in rows]
    columns = {
        "source": ["test"] * len(rows),
        "customer_id": [row["user_id"] for row in rows],
        "item_id": [row["item_id"] for row in rows],
        "occurred_at": pa.array([row["at"] for row in rows], pa.timestamp("us", "UTC")),
        "available_at": pa.array([row["at"] for row in rows], pa.timestamp("us", "UTC")),
        "polarity": pa.array([float(row["sentiment"]) for row in rows], pa.float32()),
        "topic": pa.array([TOPICS.index(row["topic"]) for row in rows], pa.int16()),
        "topics": pa.array(shares, pa.list_(pa.float32())),
        "keywords": [[row["topic"]] for row in rows],
        "embedding": pa.array(list(embed([row["text"] for row in rows])), pa.list_(pa.float32())),
    }
    return pa.table(columns)


@dataclass(frozen=True)
class Outcome:
    sources: Sources
    evidence: Evidence

    def profile(self, settings: ProfileSettings) -> dict[str, Any]:
        tables = snapshot_tables(self.sources, self.evidence, settings, None)
        rows = {row["customer_id"]: row for row in tables["customer_profile"].to_pylist()}
        return rows["A"]  # type: ignore[no-any-return]

    def recommend(self, settings: ProfileSettings, exclude: set[str]) -> list[str]:
        vector = np.array(self.profile(settings)["profile_vector"], dtype=np.float32)
        catalog = self.sources.catalog
        assert catalog is not None
        ranked = content_ranking(
            vector, catalog.ids, self.evidence.item_vectors, 5, exclude=exclude
        )
        return [item for item, _ in ranked]


@pytest.fixture
def outcome(make_workspace: Callable[..., Workspace], bought: Callable[..., Any]) -> Outcome:
    rows = read_rows()
    titles = [*(row["item_id"] for row in rows), *OTHERS]
    workspace = make_workspace(
        items=[{"item_id": title, "title": title} for title in titles],
        events=[
            *(bought("A", row["item_id"], row["at"]) for row in rows if row["behavior"]),
            *(bought("B", item, AS_OF - timedelta(days=20)) for item in OTHERS),
        ],
        feedback=[
            {
                "customer_id": "A",
                "item_id": row["item_id"],
                "kind": "review",
                "text": row["text"],
                "rating": RATINGS[row["sentiment"]],
                "occurred_at": row["at"],
                "available_at": row["at"],
            }
            for row in rows
        ],
    )
    store = Store(workspace.store)
    assert store.read("feedback").num_rows == 6
    texts = analyzed(rows)
    _connection, tables = open_tables(store, BehaviorSettings().acts)
    catalog = build_catalog(store, titles, titles, texts, embed)
    sources = Sources(
        tables=tables,
        texts=texts,
        catalog=catalog,
        topic_words=[[topic] for topic in TOPICS],
        fit_until=AS_OF,
        behavior=BehaviorSettings(),
        text_half_life_days=60.0,
    )
    return Outcome(sources, gather(sources, AS_OF))


def test_customer_a_has_a_profile_and_a_recommendation(outcome: Outcome) -> None:
    rows = read_rows()
    profile = outcome.profile(ProfileSettings())
    assert len(profile["profile_vector"]) == 64
    assert profile["stage"] == "new"
    assert profile["mood_label"] == "neutral"
    assert profile["interests"] == ["coffee"]
    seen = {row["item_id"] for row in rows if row["behavior"]}
    disliked = {row["item_id"] for row in rows if row["sentiment"] < 0}
    recommended = outcome.recommend(ProfileSettings(), seen | disliked)
    assert set(recommended[:2]) == {"coffee beans", "espresso cups"}
    assert not (seen | disliked) & set(recommended)


def test_other_weights_recommend_other_things(outcome: Outcome) -> None:
    seen = {row["item_id"] for row in read_rows() if row["behavior"]}
    orders = [
        outcome.recommend(ProfileSettings(alpha=a, beta=b, gamma=c), seen)
        for a, b, c in ((1, 0, 0), (0, 1, 0), (0, 0, 1))
    ]
    assert len({tuple(order) for order in orders}) > 1


def test_what_is_disliked_is_pushed_away(outcome: Outcome) -> None:
    liked_only = ProfileSettings(alpha=0, beta=1, gamma=0)
    vector = np.array(outcome.profile(liked_only)["profile_vector"], dtype=np.float32)
    catalog = outcome.sources.catalog
    assert catalog is not None
    score = dict(zip(catalog.ids, outcome.evidence.item_vectors @ vector, strict=True))
    assert score["espresso machine"] > 0 > score["running shoes"]
