"""Batches of the two-tower model: who chose what, against which items, and how often those come.

The loss is the sampled softmax of Bengio and Senécal (2008) with the batch's own items as samples,
corrected by how often an item comes (Yi et al. 2019, "Sampling-Bias-Corrected Neural Modeling for
Large Corpus Item Recommendations"), and with even draws from all items mixed in (Yang et al. 2020,
"Mixed Negative Sampling for Learning Two-tower Neural Networks in Recommendations").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray
from training.models.two_tower.fusion import means
from training.models.two_tower.windows import Window

if TYPE_CHECKING:
    from training.models.two_tower.model import TwoTower


class Choices(NamedTuple):
    """Who chose what, and what is weighed against it.

    Attributes
    ----------
    pairs : ndarray of int32, shape [pairs, 2]
        Row and item of each choice, as places in the batch.
    own, others : ndarray of float32, shapes [pairs] and [m]
        Log of how often the chosen item, and each other one, is expected to come; subtracted.
    hits : ndarray of bool, shape [n, m]
        Accidental hits: items that the customer had or chose, which speak against no choice.
    """

    pairs: NDArray[np.int32]
    own: FloatArray
    others: FloatArray
    hits: NDArray[np.bool_]


class Batch(NamedTuple):
    """Some customers of one window.

    Attributes
    ----------
    rows : ndarray of int32, shape [n]
        Customers, as rows of the window.
    history : csr_matrix, shape [n, n_items]
        What they had, some of it dropped, some histories whole; rows sum to 1.
    profiled : ndarray of bool, shape [n]
        Whose profile is shown; the history of the others is.
    items : ndarray of int32, shape [m]
        Every item of the batch once.
    known : ndarray of float32, shape [m]
        0 where the item is to be told by its content alone.
    choices : Choices
    """

    rows: IntArray
    history: csr_matrix
    profiled: NDArray[np.bool_]
    items: IntArray
    known: FloatArray
    choices: Choices


@dataclass(frozen=True, eq=False)
class Sampler:
    """Draws batches of windows as the model ``model`` wants them."""

    model: TwoTower

    def epoch(self, windows: list[Window], number: int) -> Iterator[tuple[Window, Batch]]:
        """Yield all customers of all windows once, in random order; all follows from the seed."""
        random = np.random.default_rng((self.model.seed, number))
        parts = [
            (window, np.sort(rows))
            for window in windows
            for rows in _divided(random.permutation(len(window.customers)), self.model.batch_size)
        ]
        for place in random.permutation(len(parts)).tolist():
            window, rows = parts[place]
            yield window, self.batch(window, rows.astype(np.int32), random)

    def batch(self, window: Window, rows: IntArray, random: np.random.Generator) -> Batch:
        """Return the batch of ``rows`` of a window, with further items drawn evenly."""
        chosen, past = window.chosen[rows], window.past[rows]
        drawn = random.choice(window.alive, size=self.model.even_negatives)
        items, places = np.unique(np.append(chosen.indices, drawn), return_inverse=True)
        came = np.bincount(places, minlength=len(items)).astype(np.float32)
        expected = self._expected(window, items, chosen.nnz)
        pairs = np.stack(
            [np.repeat(np.arange(len(rows)), np.diff(chosen.indptr)), places[: chosen.nnz]], axis=1
        ).astype(np.int32)
        had = chosen if self.model.repeats else chosen + past
        choices = Choices(
            pairs=pairs,
            own=np.log(expected)[pairs[:, 1]],
            others=np.log(expected) - np.log(came),
            hits=had[:, items].toarray() > 0,
        )
        known = (random.random(len(items)) >= self.model.cold).astype(np.float32)
        shown, profiled = self._shown(len(rows), random)
        history = self._history(past, shown, random)
        return Batch(rows, history, profiled, items.astype(np.int32), known, choices)

    def _expected(self, window: Window, items: IntArray, count: int) -> FloatArray:
        """Return how often each of ``items`` comes in a batch of ``count`` choices on average."""
        frequency = np.bincount(window.chosen.indices, minlength=window.chosen.shape[1])
        share = frequency[items] / window.chosen.nnz
        even = np.isin(items, window.alive) / len(window.alive)
        found: FloatArray = count * share + self.model.even_negatives * even
        return found.astype(np.float32)

    def _shown(
        self, customers: int, random: np.random.Generator
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Draw whose history, and whose profile, is shown; of nobody both are hidden."""
        shown = random.random(customers) >= self.model.cold
        return shown, (random.random(customers) >= self.model.cold) | ~shown

    def _history(
        self, past: csr_matrix, shown: NDArray[np.bool_], random: np.random.Generator
    ) -> csr_matrix:
        """Drop a share of what was had, and whole histories that are not shown."""
        kept = np.repeat(shown, np.diff(past.indptr))
        kept &= random.random(past.nnz) >= self.model.dropout
        ends = np.append(0, np.cumsum(kept))[past.indptr]
        return means(csr_matrix((past.data[kept], past.indices[kept], ends), shape=past.shape))


def _divided(order: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
    return np.array_split(order, max(1, round(len(order) / size)))
