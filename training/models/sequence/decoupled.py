"""Attention to side channels apart from items: they decide where to look, not what is seen there.

Xie, Zhou and Kim, "Decoupled Side Information Fusion for Sequential Recommendation", SIGIR 2022.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn.functional import cross_entropy, layer_norm

from training.models.sequence.channels import OF_EVENTS, OF_ITEMS

_DEVIATION = 0.02  # of all first weights

Pair = tuple[torch.Tensor, torch.Tensor]


class SideChannels(nn.Module):
    """Vectors of what channels say, and in every block queries and keys made of them.

    The attention scores of channels are added to those of items (the paper's fusion by sum). A sum
    of products is the product of what was joined end to end: a block joins these queries and keys
    to its own. Values stay those of items. Vectors of channels have their norm before the
    projections, as vectors of items do; projections have no bias, and what is unknown is the zero
    vector: it neither draws attention nor repels it.

    Parameters
    ----------
    channels : sequence of str
        Names; "position" stands for the vectors of places, which are handed in.
    of_items : Tensor of int64, shape [n_items, channels of items]
        Numbers of what the channels say of each item; 0 is unknown.
    sizes : sequence of int
        How many numbers each channel but "position" has, 0 included.
    places, width : int
        Length of the vectors of places, and of those of channels.
    blocks, heads : int
        As of the network.
    """

    of_items: torch.Tensor

    def __init__(
        self,
        channels: Sequence[str],
        of_items: torch.Tensor,
        sizes: Sequence[int],
        *,
        places: int,
        width: int,
        blocks: int,
        heads: int,
    ) -> None:
        super().__init__()
        self._names, self._heads = tuple(channels), heads
        self.register_buffer("of_items", of_items)
        tables = [nn.Embedding(size, width, padding_idx=0) for size in sizes]
        given = [places if name == "position" else width for name in channels] * blocks
        self.values = nn.ModuleList(tables)
        self.projections = nn.ModuleList(nn.Linear(each, 2 * width, bias=False) for each in given)
        for weights in self.parameters():
            nn.init.normal_(weights, std=_DEVIATION)
        for table in tables:
            nn.init.zeros_(table.weight[0])

    @property
    def has_places(self) -> bool:
        """Whether places are a channel, instead of a part of the vectors of items."""
        return "position" in self._names

    def forward(
        self, numbers: torch.Tensor, marks: torch.Tensor | None, places: torch.Tensor
    ) -> list[Pair]:
        """Return the queries and keys [b, heads, n, d] of each block.

        Parameters
        ----------
        numbers : Tensor of int64, shape [b, n]
            Of items.
        marks : Tensor of int64, shape [b, n, channels of events], optional
            What is known of the events; nothing where it is not given.
        places : Tensor, shape [n, width of places]
        """
        rows, longest = numbers.shape
        vectors = [
            layer_norm(each, each.shape[-1:]).expand(rows, -1, -1)
            for each in self._said(numbers, marks, places)
        ]
        found = []
        for start in range(0, len(self.projections), len(vectors)):
            block = self.projections[start : start + len(vectors)]
            parts = [
                project(each).view(rows, longest, 2, self._heads, -1)
                for project, each in zip(block, vectors, strict=True)
            ]
            query, key = torch.cat(parts, dim=4).permute(2, 0, 3, 1, 4)
            found.append((query, key))
        return found

    def _said(
        self, numbers: torch.Tensor, marks: torch.Tensor | None, places: torch.Tensor
    ) -> list[torch.Tensor]:
        """Return what each channel says, in vectors [b or 1, n, its width]."""
        of_items = iter(self.of_items[numbers].unbind(2))
        if marks is None:
            events = sum(name in OF_EVENTS for name in self._names)
            marks = numbers.new_zeros((*numbers.shape, events))
        of_events, tables = iter(marks.unbind(2)), iter(self.values)
        return [
            places[None]
            if name == "position"
            else next(tables)(next(of_items if name in OF_ITEMS else of_events))
            for name in self._names
        ]


class Prediction(nn.Module):
    """What comes next told from its attributes as well: the paper's auxiliary predictors.

    An item has one value in a channel here, or none that is known; so this is cross entropy among
    the values, where the paper has attributes of many values and takes binary ones.

    Parameters
    ----------
    of_items : Tensor of int64, shape [n_items, channels of items]
        Numbers of what the channels say of each item; 0 is unknown and not predicted.
    width : int
        Length of the vectors it is predicted from.
    weight : float
        Of this loss.
    """

    of_items: torch.Tensor

    def __init__(self, of_items: torch.Tensor, width: int, weight: float) -> None:
        super().__init__()
        self.register_buffer("of_items", of_items, persistent=False)
        tables = [nn.Linear(width, int(each.max())) for each in of_items.unbind(1)]
        for table in tables:
            nn.init.normal_(table.weight, std=_DEVIATION)
            nn.init.zeros_(table.bias)
        self.tables, self._weight = nn.ModuleList(tables), weight

    def forward(self, vectors: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the weighted loss of vectors [n, width] whose next items are ``targets`` [n]."""
        total = vectors.new_zeros(())
        for table, said in zip(self.tables, self.of_items[targets].unbind(1), strict=True):
            scores, known = table(vectors).float(), (said > 0).sum().clamp(min=1)
            missed = cross_entropy(scores, said - 1, ignore_index=-1, reduction="sum")
            total = total + missed / known
        return self._weight * total
