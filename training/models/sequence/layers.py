"""The network: items and places become vectors, causal attention mixes them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat

import numpy as np
import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention

from training.models.sequence.decoupled import Pair, SideChannels

_DEVIATION = 0.02  # of all first weights
_LEVELS = 256  # chances to be dropped that can be told apart


class Dropout(nn.Module):
    """Dropout by random bytes: five times as fast on processors as the framework's own.

    Parameters
    ----------
    share : float
        Chance to be dropped, rounded to 1/256.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self._dropped = round(share * _LEVELS)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Return ``values`` with some of them 0 and the others larger, while learning."""
        if not self.training or not self._dropped:
            return values
        seed = int(torch.randint(2**62, ()))
        words = np.random.Generator(np.random.SFC64(seed)).integers(
            2**64 - 1, size=-(-values.numel() // 8), dtype=np.uint64, endpoint=True
        )
        drawn = torch.from_numpy(words.view(np.uint8)[: values.numel()]).view(values.shape)
        scale = _LEVELS / (_LEVELS - self._dropped)
        return values * (drawn >= self._dropped).to(values.dtype).mul_(scale)


class Block(nn.Module):
    """Attention to what came before, then a small network, each with norm, dropout and skip.

    Parameters
    ----------
    width, heads : int
        Length of the vectors, and parts of them that attend separately.
    expansion : int
        Width of the small network in vectors.
    dropout : float
        Share of what either adds that is dropped while learning.
    """

    def __init__(self, width: int, heads: int, expansion: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.first_norm, self.second_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.split, self.mix = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = (
            nn.Linear(width, expansion * width),
            nn.Linear(expansion * width, width),
        )
        self.dropout = Dropout(dropout)

    def forward(self, vectors: torch.Tensor, beside: Pair | None = None) -> torch.Tensor:
        """Return vectors [b, n, width]; the i-th depends on the first i given.

        ``beside`` are queries and keys [b, heads, n, d] whose products add to the attention.
        """
        vectors = vectors + self.dropout(self._attended(self.first_norm(vectors), beside))
        hidden = self.dropout(torch.relu(self.up(self.second_norm(vectors))))
        result: torch.Tensor = vectors + self.dropout(self.down(hidden))
        return result

    def _attended(self, vectors: torch.Tensor, beside: Pair | None) -> torch.Tensor:
        rows, longest, width = vectors.shape
        parts = self.split(vectors).view(rows, longest, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        scale = query.shape[-1] ** -0.5
        if beside is not None:
            query, key = torch.cat([query, beside[0]], dim=3), torch.cat([key, beside[1]], dim=3)
        if self.training:  # backward, two products are twice as fast as fused attention
            hidden = torch.full((longest, longest), -torch.inf, dtype=query.dtype).triu(1)
            scores = (query * scale) @ key.transpose(2, 3) + hidden
            found = torch.softmax(scores, dim=3) @ value
        else:
            found = scaled_dot_product_attention(query, key, value, is_causal=True, scale=scale)
        mixed: torch.Tensor = self.mix(found.transpose(1, 2).reshape(rows, longest, width))
        return mixed


class Network(nn.Module):
    """SASRec's network; rows are left-aligned, so that padding is never attended to.

    Parameters
    ----------
    n_items, length : int
        Items, and the longest row.
    width, blocks, heads, expansion : int
        Length of the vectors; number of blocks, and how each is built.
    dropout : float
        Of the first vectors and in the blocks.

    Attributes
    ----------
    channels : SideChannels, optional
        What takes part in attention beside items. Set it on a network that is made: so first
        weights are the same with channels and without.
    """

    channels: SideChannels | None

    def __init__(
        self,
        n_items: int,
        length: int,
        *,
        width: int,
        blocks: int,
        heads: int,
        expansion: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.channels = None
        self.items, self.places = nn.Embedding(n_items, width), nn.Embedding(length, width)
        self.dropout = Dropout(dropout)
        self.blocks = nn.ModuleList(Block(width, heads, expansion, dropout) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        for name, weights in self.named_parameters():
            if weights.ndim > 1:
                nn.init.normal_(weights, std=_DEVIATION)
            elif name.endswith("bias"):
                nn.init.zeros_(weights)

    def forward(self, numbers: torch.Tensor, marks: torch.Tensor | None = None) -> torch.Tensor:
        """Return vectors [b, n, width] of item numbers [b, n]: what each row is at each place.

        ``marks`` [b, n, channels of events] say more about the events, for channels that read it.
        """
        places = self.places.weight[: numbers.shape[1]]
        beside: Iterable[Pair | None] = repeat(None)
        vectors = self.items(numbers) * self.items.embedding_dim**0.5
        if self.channels is None or not self.channels.has_places:
            vectors = vectors + places
        if self.channels is not None:
            beside = self.channels(numbers, marks, places)
        vectors = self.dropout(vectors)
        for block, pair in zip(self.blocks, beside, strict=False):
            vectors = block(vectors, pair)
        found: torch.Tensor = self.norm(vectors)
        return found

    def at(
        self, numbers: torch.Tensor, ends: torch.Tensor, marks: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return vectors [b, width] of rows [b, n] at their places ``ends`` [b]."""
        vectors: torch.Tensor = self(numbers, marks)
        return vectors[torch.arange(len(ends)), ends].float()
