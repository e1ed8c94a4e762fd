"""Ids map to numbers and back, whatever order they come in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.ids import IdMap

texts = st.lists(st.text(max_size=6), max_size=30)


@given(texts)
def test_round_trip(values: list[str]) -> None:
    ids = IdMap.of(values)
    assert ids.ids_of(ids.numbers(values)).tolist() == values
    assert len(ids) == len(set(values))
    assert ids.numbers(ids.ids).tolist() == list(range(len(ids)))


@given(texts)
def test_order_of_numbers_is_order_of_ids(values: list[str]) -> None:
    assert IdMap.of(values).ids.tolist() == sorted(set(values))
    assert IdMap.of(values) == IdMap.of(reversed(values))


def test_unknown_ids() -> None:
    ids = IdMap.of(["b", "a"])
    assert ids.numbers(["b", "x", "a"], missing="negative").tolist() == [1, -1, 0]
    with pytest.raises(KeyError, match=r"1 of 2 ids are unknown, the first is 'x'"):
        ids.numbers(["a", "x"])
    assert "a" in ids
    assert "x" not in ids


def test_numbers_outside_are_refused() -> None:
    ids = IdMap.of(["a"])
    for wrong in ([-1], [1]):
        with pytest.raises(IndexError, match=r"must be in \[0, 1\)"):
            ids.ids_of(wrong)
    assert ids.ids_of([]).size == 0


def test_only_ascending_text_makes_a_map() -> None:
    with pytest.raises(ValueError, match="expected text, received int 3"):
        IdMap.of(["a", 3])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="strictly ascending"):
        IdMap(np.array(["b", "a"], dtype=object))
    with pytest.raises(ValueError, match="one dimension"):
        IdMap(np.array([["a"]], dtype=object))


def test_is_frozen_and_hashable() -> None:
    ids = IdMap.of(["a", "b"])
    with pytest.raises(ValueError, match="read-only"):
        ids.ids[0] = "z"
    assert hash(ids) == hash(IdMap.of(["b", "a"]))
    assert ids != IdMap.of(["a"])
