"""Histories in order: cut, padded, and ordered where only counts are known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from training.interactions import Interactions
from training.models.sequence.histories import Histories, in_order, usual_places

START = datetime(2024, 1, 1, tzinfo=UTC)
ROWS = st.lists(st.lists(st.integers(0, 9), max_size=8), max_size=6)


def rows_of(found: Histories) -> list[list[int]]:
    return [found.row(number).tolist() for number in range(len(found))]


def histories(*rows: list[int]) -> Histories:
    return Histories.joined([np.array(row, dtype=np.int32) for row in rows])


def counts(rows: list[list[int]], n_items: int = 10) -> csr_matrix:
    table = np.zeros((len(rows), n_items), dtype=np.float32)
    for number, row in enumerate(rows):
        np.add.at(table[number], row, 1)
    return csr_matrix(table)


def test_events_are_in_order_of_time_and_repeat() -> None:
    events = [("b", "x", 3), ("a", "y", 2), ("b", "z", 1), ("b", "z", 4), ("a", "x", 9)]
    frame = pd.DataFrame(events, columns=["customer_id", "item_id", "hours"])
    frame["occurred_at"] = [START + timedelta(hours=h) for h in frame.pop("hours")]
    found = Histories.of(Interactions.of(frame))
    assert rows_of(found) == [[1, 0], [2, 0, 2]]


@given(ROWS, st.integers(1, 9))
def test_cuts_are_those_of_lists(rows: list[list[int]], count: int) -> None:
    found = histories(*rows)
    assert rows_of(found) == rows
    assert rows_of(found.last(count)) == [row[-count:] for row in rows]
    assert rows_of(found.without_last()) == [row[:-1] for row in rows]
    reverse = np.arange(len(rows))[::-1]
    assert rows_of(found.take(reverse)) == rows[::-1]
    longest = max([len(row) for row in rows] + [1])
    expected = [row + [-1] * (longest - len(row)) for row in rows]
    assert found.padded(-1).tolist() == expected


def test_the_usual_place_of_an_item() -> None:
    found = usual_places(histories([0, 1, 2], [1, 2], [2]), 4)
    np.testing.assert_allclose(found, [0, 0.25, 2 / 3, 0.5])


PLACES = np.linspace(1, 0, 10).astype(np.float32)  # item 9 usually comes first
TRAINED = [[5, 3, 7], [2, 2, 4]]


@pytest.mark.parametrize(
    ("number", "now", "expected"),
    [
        (0, [3, 5, 7], [5, 3, 7]),  # as it was
        (0, [3, 5, 7, 1, 8], [5, 3, 7, 8, 1]),  # new ones follow, by usual place
        (0, [5, 7], [5, 7]),  # what is gone is gone
        (1, [2, 2, 4, 4], [2, 2, 4, 4]),  # again
        (-1, [1, 6, 2], [6, 2, 1]),  # an unknown customer
        (-1, [], []),
    ],
)
def test_counts_get_an_order(number: int, now: list[int], expected: list[int]) -> None:
    found = in_order(
        np.array([0, number], dtype=np.int32),
        counts([TRAINED[0], now]),
        known=histories(*TRAINED),
        trained=counts(TRAINED),
        places=PLACES,
    )
    assert rows_of(found) == [TRAINED[0], expected]


def marked(*rows: list[int]) -> Histories:
    """Mark each event with ten times its item."""
    found = histories(*rows)
    return replace(found, marks=10 * found.items[:, None])


def marks_of(found: Histories) -> list[int]:
    assert found.marks is not None
    return found.marks[:, 0].tolist()


def test_marks_stay_with_their_events() -> None:
    found = marked([3, 1, 4], [], [1, 5])
    assert marks_of(found.take(np.array([2, 0]))) == [10, 50, 30, 10, 40]
    assert marks_of(found.without_last()) == [30, 10, 10]
    table = found.last(2).padded_marks()
    assert table is not None
    assert table[:, :, 0].tolist() == [[10, 40], [0, 0], [10, 50]]
    assert histories([1, 2]).padded_marks() is None


def test_nothing_more_is_known_of_new_events() -> None:
    known, now = marked([3, 1, 4], [2, 5]), counts([[1, 4, 0], [2, 5], [1, 2]])
    numbers, places = np.array([0, 1, -1], dtype=np.int32), np.zeros(10, dtype=np.float32)
    trained = counts([[3, 1, 4], [2, 5]])
    found = in_order(numbers, now, known=known, trained=trained, places=places)
    assert rows_of(found) == [[1, 4, 0], [2, 5], [1, 2]]
    assert marks_of(found) == [10, 40, 0, 20, 50, 0, 0]
    nobody = in_order(numbers[:0], now[:0], known=known, trained=trained, places=places)
    assert nobody.marks is not None
    assert nobody.marks.shape == (0, 1)
