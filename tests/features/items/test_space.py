"""Item vectors: from words, from texts, and the space both live in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from features.items.catalog import build_catalog
from features.items.describe import item_embeddings, wording
from features.items.space import ItemSpace, unit
from ingest.store import Store
from ingest.workspace import Workspace


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    """Points that vary along three directions, most along the first."""
    random = np.random.default_rng(0)
    return (random.normal(size=(500, 3)) * [5, 2, 1] @ np.eye(3, 100)).astype(np.float32) + 1


def embed(texts: Sequence[str]) -> np.ndarray:
    """One direction a first letter."""
    table = np.zeros((len(texts), 26), dtype=np.float32)
    table[np.arange(len(texts)), [ord(text[0].lower()) - ord("a") for text in texts]] = 1
    return table


def test_directions_are_in_order_of_variance_and_signs_are_fixed(points: np.ndarray) -> None:
    space = ItemSpace.fit(points)
    assert np.abs(space.components[:3].argmax(axis=1)).tolist() == [0, 1, 2]
    np.testing.assert_allclose(np.diag(space.components[:3, :3]), 1, atol=0.05)
    assert not space.components[3:].any()
    flipped = ItemSpace.fit(points[::-1])
    np.testing.assert_allclose(flipped.components, space.components, atol=1e-5)


def test_vectors_have_length_one(points: np.ndarray) -> None:
    vectors = ItemSpace.fit(points).project(points)
    assert vectors.shape == (500, 64)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    assert not unit(np.zeros((1, 4), dtype=np.float32)).any()


def test_saved_and_loaded_it_is_the_same_and_damage_is_noticed(
    points: np.ndarray, tmp_path: Path
) -> None:
    space = ItemSpace.fit(points)
    space.save(tmp_path)
    np.testing.assert_array_equal(ItemSpace.load(tmp_path).components, space.components)
    ItemSpace.fit(points[:100]).save(tmp_path / "other")
    (tmp_path / "other" / "space.safetensors").replace(tmp_path / "space.safetensors")
    with pytest.raises(ValueError, match="checksum"):
        ItemSpace.load(tmp_path)


def test_what_cannot_be_a_space_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one embedding"):
        ItemSpace.fit(np.zeros((0, 5), dtype=np.float32))
    with pytest.raises(ValueError, match=r"expected components \[64, 5\]"):
        ItemSpace(np.zeros(5, dtype=np.float32), np.zeros((2, 5), dtype=np.float32))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Milk, 2% 1.5 L", "Milk, L"),
        ("Food > Dairy > Milk", "Food, Dairy, Milk"),
        ("有机牛奶 250 毫升", "有机牛奶 毫升"),
        ("", ""),
        (None, ""),
    ],
)
def test_numbers_do_not_describe(text: str | None, expected: str) -> None:
    assert wording(text) == expected


def test_each_distinct_part_is_embedded_once() -> None:
    asked: list[str] = []

    def remember(texts: Sequence[str]) -> np.ndarray:
        asked.extend(texts)
        return embed(texts)

    items = pa.table(
        {
            "title": ["apple", "bread", None],
            "category": ["food", "food", None],
            "brand": ["apple", None, None],
            "description": pa.array([None, None, None], pa.string()),
        }
    )
    found = item_embeddings(items, remember)
    assert asked == ["apple", "bread", "food"]
    assert found[0, 0] == pytest.approx(2 / 3)
    assert found[1, [1, 5]].tolist() == [0.5, 0.5]
    assert not found[2].any()


def texts_about(items: list[str | None], first_letters: str) -> pa.Table:
    vectors = list(embed(list(first_letters)))
    return pa.table({"item_id": items, "embedding": pa.array(vectors, pa.list_(pa.float32()))})


def test_items_without_words_are_described_by_what_is_written_about_them(
    make_workspace: Callable[..., Workspace],
) -> None:
    store = Store(make_workspace(items=[{"item_id": "1"}, {"item_id": "2"}]).store)
    texts = texts_about(["1", "1", "2", None], "abcd")
    catalog = build_catalog(store, ["1", "2", "3"], ["1"], texts, embed)
    assert catalog is not None
    assert not catalog.vectors.any()
    known = catalog.as_of(texts)
    assert known[:2].any(axis=1).all()
    assert not known[2].any()
    assert not catalog.as_of(texts.slice(0, 0)).any()
    earlier = catalog.as_of(texts.slice(0, 1))
    assert not earlier[1].any()


def test_the_space_is_fitted_on_early_items_only(
    make_workspace: Callable[..., Workspace],
) -> None:
    rows: list[dict[str, Any]] = [{"item_id": c, "title": c} for c in "abcdz"]
    store = Store(make_workspace(items=rows).store)
    nothing = texts_about([], "")
    early = build_catalog(store, list("abcdz"), list("abcd"), nothing, embed)
    assert early is not None
    assert not early.space.components[:, 25].any()
    everything = build_catalog(store, list("abcdz"), [], nothing, embed)
    assert everything is not None
    assert everything.space.components[:, 25].any()


def test_nothing_said_is_no_catalog(make_workspace: Callable[..., Workspace]) -> None:
    store = Store(make_workspace(items=[{"item_id": "1"}]).store)
    assert build_catalog(store, ["1"], ["1"], texts_about([], ""), embed) is None
