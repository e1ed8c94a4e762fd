"""Decoupled attention: values are those of items, unknown is nothing, places see none after."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
import torch

from tests.training.models.sequence.test_layers import ITEMS, network
from training.models.sequence.decoupled import Prediction, SideChannels
from training.models.sequence.layers import Network

ALL = ("category", "value", "position", "brand")


@pytest.fixture
def rows() -> torch.Tensor:
    return torch.randint(ITEMS, (3, 7), generator=torch.Generator().manual_seed(1))


@pytest.fixture
def marks() -> torch.Tensor:
    return torch.randint(1, 4, (3, 7, 1), generator=torch.Generator().manual_seed(2))


def with_channels(names: Sequence[str] = ALL, *, known: bool = True) -> Network:
    """Give the network of the other tests channels that say much: 3 categories, values, brands."""
    found = network()
    many = sum(name in ("category", "brand") for name in names)
    of_items = 1 + (torch.arange(ITEMS)[:, None] // torch.arange(1, many + 1)) % 3
    torch.manual_seed(5)
    found.channels = SideChannels(
        names, of_items * known, [4] * (len(names) - ("position" in names)),
        places=16, width=8, blocks=2, heads=2,
    )  # fmt: skip
    for weights in found.channels.parameters():
        weights.data *= 50
    return found.eval()


def test_channels_change_what_is_looked_at(rows: torch.Tensor, marks: torch.Tensor) -> None:
    assert not torch.allclose(with_channels(["category"])(rows), network()(rows), atol=1e-2)
    one = with_channels()
    assert not torch.allclose(one(rows, marks), one(rows, 4 - marks), atol=1e-2)


def test_where_there_is_one_place_to_look_at_channels_say_nothing(rows: torch.Tensor) -> None:
    first = rows[:, :1]
    found = with_channels(["category", "brand"])(first)
    torch.testing.assert_close(found, network()(first))
    one = with_channels()
    one(first).square().sum().backward()
    assert one.channels is not None
    for weights in one.channels.parameters():
        assert weights.grad is None or weights.grad.abs().max() < 1e-5, "values are of items"


def test_channels_learn_where_there_is_a_choice(rows: torch.Tensor, marks: torch.Tensor) -> None:
    one = with_channels().train()
    one(rows, marks)[:, -1, 0].sum().backward()
    assert one.channels is not None
    for weights in one.channels.parameters():
        assert weights.grad is not None
        assert weights.grad.abs().max() > 1e-6


def test_wherever_they_look_they_see_the_items(marks: torch.Tensor) -> None:
    one = with_channels()
    same = torch.full((3, 7), 4)
    torch.testing.assert_close(one(same, marks), one(same, 4 - marks), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(one(same, marks)[:, :1].expand(-1, 7, -1), one(same, marks),
                               rtol=1e-4, atol=1e-4)  # fmt: skip


def test_what_is_unknown_neither_draws_nor_repels(rows: torch.Tensor) -> None:
    unknown = with_channels(["category", "value", "brand"], known=False)
    torch.testing.assert_close(unknown(rows), network()(rows), rtol=1e-4, atol=1e-5)


def test_a_place_depends_on_nothing_after_it(rows: torch.Tensor, marks: torch.Tensor) -> None:
    one = with_channels()
    other_rows, other_marks = rows.clone(), marks.clone()
    other_rows[:, 5] = (other_rows[:, 5] + 1) % ITEMS
    other_marks[:, 4] = 1 + other_marks[:, 4] % 3
    changed = (one(other_rows, other_marks) - one(rows, marks)).abs().amax(dim=(0, 2)) > 1e-4
    assert changed.tolist() == [False] * 4 + [True] * 3


def test_padding_at_the_end_changes_nothing(rows: torch.Tensor, marks: torch.Tensor) -> None:
    one = with_channels()
    ends = torch.tensor([6, 2, 4])
    found = one.at(rows, ends, marks)
    for row, end in enumerate(ends.tolist()):
        alone = one(rows[row : row + 1, : end + 1], marks[row : row + 1, : end + 1])[0, -1]
        torch.testing.assert_close(found[row], alone, rtol=1e-4, atol=1e-5)


def test_learning_is_as_scoring(rows: torch.Tensor, marks: torch.Tensor) -> None:
    one = with_channels()
    scoring = one(rows, marks)
    torch.testing.assert_close(one.train()(rows, marks), scoring, rtol=1e-4, atol=1e-5)


def test_scores_are_the_sum_over_items_and_channels(rows: torch.Tensor) -> None:
    one = with_channels(["category"])
    block, channels = one.blocks[0], one.channels
    assert channels is not None
    vectors = torch.randn(3, 7, 16, generator=torch.Generator().manual_seed(3))
    query, key, value = block.split(vectors).view(3, 7, 3, 2, 8).permute(2, 0, 3, 1, 4)
    side = channels(rows, None, one.places.weight[:7])[0]
    scores = (query @ key.mT + side[0] @ side[1].mT) / math.sqrt(8)
    scores = scores.masked_fill(torch.ones(7, 7).triu(1).bool(), -torch.inf)
    expected = block.mix((scores.softmax(3) @ value).transpose(1, 2).reshape(3, 7, 16))
    torch.testing.assert_close(block._attended(vectors, side), expected, rtol=1e-4, atol=1e-4)


def test_attributes_are_told_where_they_are_known() -> None:
    of_items = torch.tensor([[1, 1], [2, 0], [0, 4], [2, 3]])
    told = Prediction(of_items, 8, 0.5)
    for table in told.tables:
        torch.nn.init.zeros_(table.weight)  # type: ignore[arg-type]
    vectors = torch.randn(4, 8)
    even = told(vectors, torch.arange(4)).item()
    assert even == pytest.approx(0.5 * (math.log(2) + math.log(4)))
    assert told(vectors[:1], torch.tensor([1])).item() == pytest.approx(0.5 * math.log(2))
    told.tables[0].bias.data = torch.tensor([0.0, 50.0])  # type: ignore[union-attr]
    assert told(vectors[:1], torch.tensor([1])).item() == pytest.approx(0, abs=1e-6)
    assert not told.state_dict().get("of_items"), "the network has it"
