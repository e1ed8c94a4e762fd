"""Losses equal their definitions; sampled ones equal the whole where everything is drawn."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from training.models.sequence import loss as losses
from training.models.sequence.loss import gbce, sampled_softmax, softmax

N, ITEMS, WIDTH = 50, 30, 8


@pytest.fixture
def given() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    vectors = torch.randn(N, WIDTH, generator=random, requires_grad=True)
    items = torch.randn(ITEMS, WIDTH, generator=random, requires_grad=True)
    return vectors, items, torch.randint(ITEMS, (N,), generator=random)


Given = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def gradients(loss: torch.Tensor, given: Given) -> list[torch.Tensor]:
    return list(torch.autograd.grad(loss, given[:2]))


@pytest.mark.parametrize("rows", [7, 1_000])
def test_softmax_and_its_gradients_are_those_of_the_framework(
    given: Given, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(losses, "SOFTMAX_ROWS", rows)
    vectors, items, targets = given
    expected = cross_entropy(vectors @ items.T, targets)
    found = softmax(*given)
    torch.testing.assert_close(found, expected)
    for one, other in zip(gradients(2 * found, given), gradients(2 * expected, given), strict=True):
        torch.testing.assert_close(one, other)


def test_half_precision_is_near(given: Given) -> None:
    exact = gradients(softmax(*given), given)
    with torch.autocast("cpu", torch.bfloat16):
        half = softmax(*given)
    torch.testing.assert_close(half, softmax(*given), rtol=0.01, atol=0.01)
    for one, other in zip(gradients(half, given), exact, strict=True):
        assert one.dtype == torch.float32
        assert torch.cosine_similarity(one.ravel(), other.ravel(), dim=0) > 0.999


@pytest.mark.parametrize("power", [0.0, 1.0])
def test_sampled_softmax_estimates_the_whole(given: Given, power: float) -> None:
    counts = np.random.default_rng(0).integers(1, 50, ITEMS)
    torch.manual_seed(1)
    found = sampled_softmax(counts, 20_000, power)(*given)
    torch.testing.assert_close(found, softmax(*given), rtol=0.01, atol=0.01)


def test_gbce_is_binary_cross_entropy_where_it_is_not_calibrated(given: Given) -> None:
    vectors, items, targets = given
    torch.manual_seed(2)
    found = gbce(ITEMS, 5, 0.0)(*given)
    torch.manual_seed(2)
    drawn = torch.randint(ITEMS, (5,))
    scores, wanted = vectors @ items.T, torch.zeros(N, ITEMS)
    wanted[torch.arange(N), targets] = 1
    columns = [scores.gather(1, targets[:, None]), scores[:, drawn]]
    labels = torch.cat([torch.ones(N, 1), torch.zeros(N, 5)], dim=1)
    counted = torch.cat([torch.ones(N, 1), (drawn != targets[:, None]).float()], dim=1)
    expected = binary_cross_entropy_with_logits(
        torch.cat(columns, dim=1), labels, weight=counted, reduction="sum"
    )
    torch.testing.assert_close(found, expected / N)


def test_calibrated_gbce_weighs_the_target_by_the_share_of_items_drawn(given: Given) -> None:
    vectors, items, targets = given
    torch.manual_seed(3)
    plain = gbce(ITEMS, 5, 0.0)(*given)
    torch.manual_seed(3)
    calibrated = gbce(ITEMS, 5, 1.0)(*given)
    wanted = torch.nn.functional.softplus(-(vectors * items[targets]).sum(dim=1)).mean()
    torch.testing.assert_close(calibrated, plain - (1 - 5 / (ITEMS - 1)) * wanted)
