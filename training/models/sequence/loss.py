"""Losses over all items or over sampled ones: vectors and the numbers of what came next in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from numpy.typing import NDArray
from torch.nn.functional import softplus

from training.models.sequence.size import SOFTMAX_ROWS

_LEAST = 1e-30  # chance whose logarithm is still taken

Loss = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


class _Softmax(torch.autograd.Function):
    """Cross entropy whose gradient is made with the value, a block of vectors at a time.

    Scores of all items are by far the largest tables of a step. Here they are used while they are
    in the cache, and none is kept for later.
    """

    @staticmethod
    def forward(
        ctx: Any, vectors: torch.Tensor, items: torch.Tensor, targets: torch.Tensor
    ) -> torch.Tensor:
        half = torch.is_autocast_enabled("cpu")
        kind = torch.get_autocast_dtype("cpu") if half else vectors.dtype
        table, total = items.to(kind), torch.zeros(())
        to_vectors, to_items = torch.empty_like(vectors), torch.zeros_like(items)
        for start in range(0, len(targets), SOFTMAX_ROWS):
            part = slice(start, start + SOFTMAX_ROWS)
            rows, wanted = vectors[part].to(kind), targets[part, None]
            error = torch.softmax(rows @ table.T, dim=1)
            chances = error.gather(1, wanted)
            total -= chances.float().clamp(min=_LEAST).log().sum()
            error.scatter_(1, wanted, chances - 1)
            to_vectors[part] = error @ table
            to_items += error.T @ rows
        ctx.save_for_backward(to_vectors, to_items)
        return total / max(len(targets), 1)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        to_vectors, to_items = ctx.saved_tensors
        scale = gradients[0] / max(len(to_vectors), 1)
        return to_vectors * scale, to_items * scale, None


def softmax(vectors: torch.Tensor, items: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the mean cross entropy of ``targets`` [n] among all items.

    Parameters
    ----------
    vectors : Tensor, shape [n, width]
    items : Tensor, shape [n_items, width]
    targets : Tensor of int64, shape [n]
    """
    loss: torch.Tensor = _Softmax.apply(vectors, items, targets)
    return loss


def sampled_softmax(counts: NDArray[Any], negatives: int, power: float) -> Loss:
    """Return cross entropy against ``negatives`` items that all vectors of a step share.

    Items are drawn with replacement, in proportion to a power of how often they were had. Each
    stands for the items it was drawn for: the logarithm of how often it was expected is taken off
    its score (logQ correction), so that the sum is that over all items in the mean (Bengio and
    Senécal, "Adaptive importance sampling to accelerate training of a neural probabilistic
    language model", 2008). Where an item drawn is the target it does not count.

    Parameters
    ----------
    counts : ndarray, shape [n_items]
        Events by item; the smallest chance is that of one event.
    negatives : int
        Items drawn a step.
    power : float
        0 draws all items alike, 1 as often as they were had.
    """
    weights = torch.as_tensor(counts).double().clamp(min=1) ** power
    chances = (weights / weights.sum()).float()
    expected = (chances * negatives).log()

    def loss(vectors: torch.Tensor, items: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        drawn = torch.multinomial(chances, negatives, replacement=True)
        others = (vectors @ items[drawn].T).float() - expected[drawn]
        others = others.masked_fill(drawn == targets[:, None], -torch.inf)
        wanted = (vectors * items[targets]).sum(dim=1).float()
        return (torch.logaddexp(wanted, others.logsumexp(dim=1)) - wanted).mean()

    return loss


def gbce(n_items: int, negatives: int, calibration: float) -> Loss:
    """Return binary cross entropy whose bias by sampling is taken out (gBCE).

    Petrov and Macdonald, "gSASRec: Reducing Overconfidence in Sequential Recommendation Trained
    with Negative Sampling", RecSys 2023. Items are drawn alike, for all vectors of a step.

    Parameters
    ----------
    n_items, negatives : int
        Items, and how many are drawn a step.
    calibration : float
        t of the paper: 0 is plain binary cross entropy, 1 gives probabilities.
    """
    share = min(1.0, negatives / max(n_items - 1, 1))
    power = share * (calibration * (1 - 1 / share) + 1 / share)

    def loss(vectors: torch.Tensor, items: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        drawn = torch.randint(n_items, (negatives,))
        others = (vectors @ items[drawn].T).float()
        others = others.masked_fill(drawn == targets[:, None], -torch.inf)
        wanted = (vectors * items[targets]).sum(dim=1).float()
        return (power * softplus(-wanted) + softplus(others).sum(dim=1)).mean()

    return loss
