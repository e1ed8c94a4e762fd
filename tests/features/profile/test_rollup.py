"""Texts rolled up to customers and items: known by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from features.items.space import ItemSpace
from features.profile.blocks import align, behavior_block, topic_centroids
from features.profile.rollup import select, text_features

AS_OF = datetime(2024, 5, 1, tzinfo=UTC)


def text(
    who: str | None, days: float, polarity: float, words: list[str], **more: Any
) -> dict[str, Any]:
    at = AS_OF - timedelta(days=days)
    shares = [1.0, 0.0] if polarity > 0 else [0.0, 1.0]
    row = {"customer_id": who, "item_id": "i", "source": "shop", "occurred_at": at}
    row |= {"available_at": at, "polarity": polarity, "topic": int(polarity <= 0)}
    return {**row, "topics": shares, "keywords": words, "embedding": shares, **more}


def table(*rows: dict[str, Any]) -> pa.Table:
    time = pa.timestamp("us", "UTC")
    kinds = {"occurred_at": time, "available_at": time, "polarity": pa.float32()}
    kinds |= {"topics": pa.list_(pa.float32()), "embedding": pa.list_(pa.float32())}
    kinds |= {"keywords": pa.list_(pa.string()), "topic": pa.int16()}
    names = list(text("a", 1, 1, []))
    fields = [(name, kinds.get(name, pa.string())) for name in names]
    return pa.Table.from_pylist(list(rows), schema=pa.schema(fields))


@pytest.fixture
def texts() -> pa.Table:
    return table(
        text("bob", 2, 0.5, ["tea"]),
        text("ann", 50, 1.0, ["coffee", "milk"]),
        text("ann", 10, -1.0, ["coffee"], source="simulated"),
        text("ann", 0, -1.0, ["future"]),
        text("ann", 5, 1.0, ["late"], available_at=AS_OF + timedelta(days=1)),
        text(None, 5, 1.0, ["nobody"]),
    )


def test_moods_topics_and_keywords(texts: pa.Table) -> None:
    chosen = select(texts, "customer_id", AS_OF, half_life_days=40)
    rows = {row["id"]: row for row in text_features(chosen, AS_OF).to_pylist()}
    assert list(rows) == ["ann", "bob"]
    ann = rows["ann"]
    old, new = 2 ** (-50 / 40), 2 ** (-10 / 40)
    assert ann["texts"] == 2
    assert ann["mood"] == pytest.approx((old - new) / (old + new), rel=1e-5)
    assert ann["mood_trend"] == pytest.approx(-2.0)
    assert ann["simulated_share"] == 0.5
    assert ann["topic_shares"] == pytest.approx([old / (old + new), new / (old + new)], rel=1e-5)
    assert ann["keywords"] == ["coffee", "milk"]
    assert rows["bob"]["mood_trend"] is None


def test_items_are_rolled_up_the_same_way(texts: pa.Table) -> None:
    chosen = select(texts, "item_id", AS_OF, half_life_days=40)
    (row,) = text_features(chosen, AS_OF).to_pylist()
    assert row["texts"] == 4
    assert row["plain_mood"] == pytest.approx((0.5 + 1 - 1 + 1) / 4)


def test_no_texts_are_no_rows() -> None:
    chosen = select(table(), "customer_id", AS_OF, half_life_days=40)
    assert text_features(chosen, AS_OF).num_rows == 0
    assert chosen.ids == []


def test_topic_centroids_are_the_mean_of_their_texts(texts: pa.Table) -> None:
    space = ItemSpace.fit(np.eye(2, dtype=np.float32))
    centroids = topic_centroids(texts, space, 3)
    expected = space.project(np.eye(2, dtype=np.float32))
    np.testing.assert_allclose(centroids[:2], expected, atol=1e-6)
    assert not centroids[2].any()


def test_blocks_are_unit_means_and_aligned() -> None:
    from scipy import sparse

    vectors = np.eye(2, 64, dtype=np.float32)
    block = behavior_block(sparse.csr_matrix([[3.0, 4.0], [0.0, 0.0]]), vectors)
    np.testing.assert_allclose(block[0, :2], [0.6, 0.8])
    assert not block[1].any()
    aligned = align(block, ["x", "y"], ["new", "x"])
    assert not aligned[0].any()
    np.testing.assert_allclose(aligned[1], block[0])
