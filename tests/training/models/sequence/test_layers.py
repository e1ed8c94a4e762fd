"""The network: no place sees a later one, padding changes nothing, learning equals scoring."""

from __future__ import annotations

import pytest
import torch

from training.models.sequence.layers import Dropout, Network

ITEMS = 20


def network(dropout: float = 0.0) -> Network:
    torch.manual_seed(0)
    found = Network(ITEMS, 10, width=16, blocks=2, heads=2, expansion=2, dropout=dropout)
    for weights in found.parameters():
        if weights.ndim > 1:
            torch.nn.init.normal_(weights, std=0.3)
    return found.eval()


@pytest.fixture
def rows() -> torch.Tensor:
    return torch.randint(ITEMS, (3, 7), generator=torch.Generator().manual_seed(1))


def test_a_place_depends_on_all_before_it_and_on_nothing_after(rows: torch.Tensor) -> None:
    one = network()
    whole = one(rows)
    other = rows.clone()
    other[:, 4] = (other[:, 4] + 1) % ITEMS
    changed = (one(other) - whole).abs().amax(dim=(0, 2)) > 1e-4
    assert changed.tolist() == [False] * 4 + [True] * 3


def test_padding_at_the_end_changes_nothing(rows: torch.Tensor) -> None:
    one = network()
    ends = torch.tensor([6, 2, 4])
    found = one.at(rows, ends)
    for row, end in enumerate(ends.tolist()):
        alone = one(rows[row : row + 1, : end + 1])[0, -1]
        torch.testing.assert_close(found[row], alone, rtol=1e-4, atol=1e-5)


def test_attention_while_learning_is_that_of_scoring(rows: torch.Tensor) -> None:
    one = network()
    scoring = one(rows)
    torch.testing.assert_close(one.train()(rows), scoring, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_dropout_keeps_the_mean(share: float) -> None:
    torch.manual_seed(4)
    ones = torch.ones(500, 601, requires_grad=True)
    layer = Dropout(share)
    found = layer(ones)
    kept = found > 0
    assert kept.float().mean().item() == pytest.approx(1 - share, abs=0.005)
    assert found.mean().item() == pytest.approx(1, abs=0.01)
    found.sum().backward()
    torch.testing.assert_close(ones.grad, found.detach(), msg="the same are dropped backward")
    assert (layer(ones) > 0).ne(kept).any(), "each time others are dropped"
    assert layer.eval()(ones) is ones


def test_dropout_is_repeatable() -> None:
    values = torch.randn(30, 7)
    torch.manual_seed(5)
    first = Dropout(0.3)(values)
    torch.manual_seed(5)
    torch.testing.assert_close(Dropout(0.3)(values), first)
    torch.testing.assert_close(Dropout(0.001)(values), values, msg="a share of nothing is nothing")
