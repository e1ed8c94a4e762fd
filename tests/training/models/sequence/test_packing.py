"""Windows and batches: everything once, nothing held out among it, equal again by seed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from training.models.sequence import packing
from training.models.sequence.histories import Histories
from training.models.sequence.packing import (
    NOTHING,
    SequenceData,
    Windows,
    asked,
    held_out,
    packed,
    windows_of,
)

LENGTHS = st.lists(st.integers(0, 40), min_size=1, max_size=8)


def counting(lengths: list[int]) -> Histories:
    """Rows of 0, 1, 2, …, so that what comes next is always one more."""
    return Histories.joined([np.arange(length, dtype=np.int32) for length in lengths])


@given(LENGTHS, st.integers(1, 12), st.integers(0, 99))
def test_all_windows_make_each_event_but_the_first_a_target_once(
    lengths: list[int], longest: int, seed: int
) -> None:
    found = counting(lengths)
    first, sizes = windows_of(found, longest, "all", np.random.default_rng(seed))
    assert (sizes >= 1).all()
    assert (sizes <= longest).all()
    targets = np.sort(np.concatenate([first[:0], *map(np.arange, first + 1, first + 1 + sizes)]))
    expected = np.setdiff1d(np.arange(len(found.items)), found.starts[:-1])
    np.testing.assert_array_equal(targets, expected)


def test_the_last_window_ends_with_the_newest_event() -> None:
    first, sizes = windows_of(counting([9, 1, 3]), 4, "last", np.random.default_rng(0))
    assert first.tolist() == [4, 10]
    assert sizes.tolist() == [4, 2]


@given(LENGTHS, st.integers(1, 9))
def test_batches_hold_every_window_once(lengths: list[int], count: int) -> None:
    sizes = np.array(lengths) + 1
    batches = packed(sizes, count, np.random.default_rng(3))
    assert len(batches) <= count
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(sizes)))


def test_batches_have_hardly_any_padding_and_like_sizes() -> None:
    sizes = np.random.default_rng(0).integers(1, 200, 3_000)
    batches = packed(sizes, 40, np.random.default_rng(1))
    padded = np.array([len(rows) * sizes[rows].max() for rows in batches])
    assert padded.sum() < 1.15 * sizes.sum()
    sums = np.array([sizes[rows].sum() for rows in batches])
    assert sums.max() - sums.min() < 2 * sizes.max(), "a step learns from about as many events"


@pytest.mark.parametrize("windows", ["all", "last"])
def test_what_comes_next_is_the_target_and_epochs_are_repeatable(windows: Windows) -> None:
    histories = counting([30, 2, 7, 1, 12])
    data = SequenceData(
        histories, length=6, windows=windows, batch_items=12, validation=False, seed=4
    )
    assert not data.watched
    assert data.val_dataloader() == []
    for batch in data.epoch(3):
        real = batch.targets != NOTHING
        assert real.any(dim=1).all()
        assert (batch.targets[real] == batch.inputs[real] + 1).all()
        assert (batch.inputs[~real] == 0).all()
    again, other = ([batch.inputs.tolist() for batch in data.epoch(number)] for number in (3, 4))
    assert again == [batch.inputs.tolist() for batch in data.epoch(3)]
    assert again != other


def test_held_out_events_are_not_learned() -> None:
    data = SequenceData(
        counting([5, 2, 9]), length=20, windows="all", batch_items=64, validation=True, seed=0
    )
    learned = [row[row != NOTHING].max() for b in data.epoch(0) for row in b.targets]
    assert sorted(int(each) for each in learned) == [1, 3, 7]
    targets = torch.cat([part.targets for part in data.val_dataloader()])
    assert sorted(targets.tolist()) == [4, 8]


def test_of_many_customers_some_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "_MOST_ASKED", 2)
    learned, rows = held_out(counting([5, 5, 5, 5]), 1)
    assert len(rows) == 2
    assert (np.diff(rows) > 0).all()
    assert sorted(learned.lengths.tolist()) == [4, 4, 5, 5]


def test_a_question_knows_the_newest_events_and_what_was_seen() -> None:
    histories = Histories.joined([np.array(r, dtype=np.int32) for r in ([3, 1, 4, 1], [9, 2])])
    found = asked(histories, 2)
    assert found.inputs.tolist() == [[1, 4], [9, 0]]
    assert found.ends.tolist() == [1, 0]
    assert found.targets.tolist() == [1, 2]
    assert found.seen.T.tolist() == [[1, 9]], "who had the target before chooses among all items"
