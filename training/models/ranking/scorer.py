"""A fitted ranker at work: candidates scored, ordered and explained in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray
from training.models.context import Context
from training.models.ranking.booster import Booster
from training.models.ranking.candidates import Candidates
from training.models.ranking.ordering import best_pairs
from training.models.ranking.stage import Stage, in_order
from training.topk import TopK

T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, eq=False)
class Scored:
    """The candidates of a block of customers with their features [pairs, columns] and scores."""

    pairs: Candidates
    matrix: FloatArray
    scores: FloatArray
    histories: csr_matrix


@dataclass(frozen=True, eq=False)
class Scorer:
    """Stage and trees together.

    ``numbers`` are customer numbers (-1 unknown), ``histories`` their counts [n, n_items]. Who has
    neither number nor history has no candidates.
    """

    stage: Stage
    booster: Booster

    def top(
        self,
        numbers: IntArray,
        histories: csr_matrix,
        k: int,
        *,
        exclude_seen: bool,
        columns: IntArray | None,
        context: Context | None = None,
    ) -> TopK:
        """Take the ``k`` best candidates of each customer, among ``columns`` if given.

        What each group of features gave to a score is told in log-odds.
        """
        blocks = list(self.stage.blocks(len(numbers))) or [slice(0, 0)]
        scored = (self._scored(numbers[block], histories[block], context) for block in blocks)
        return _joined([self._best(found, k, exclude_seen, columns) for found in scored])

    def dense(self, numbers: IntArray, histories: csr_matrix) -> FloatArray:
        """Score all items: float32 [n, n_items], NaN for what is no candidate."""
        scores = np.full(histories.shape, np.nan, dtype=np.float32)
        for part in self.stage.blocks(len(numbers)):
            found = self._scored(numbers[part], histories[part])
            scores[part.start + found.pairs.rows, found.pairs.items] = found.scores
        return scores

    def _scored(
        self, numbers: IntArray, histories: csr_matrix, context: Context | None = None
    ) -> Scored:
        """Return the candidates of a block, scored."""
        table = self.stage.table(numbers, histories, context)
        known = ((numbers >= 0) | (np.diff(histories.indptr) > 0))[table.pairs.rows]
        pairs = table.pairs
        matrix = in_order(table.matrix, table.owners, self.booster.columns)
        if not known.all():
            pairs, matrix = pairs.where(known), matrix[known]
        scores = self.booster.score(matrix) if len(pairs) else np.zeros(0, dtype=np.float32)
        return Scored(pairs, matrix, scores, histories)

    def _best(self, found: Scored, k: int, exclude_seen: bool, columns: IntArray | None) -> TopK:
        """Return the best of a block with what each group of features gave to them."""
        rows, items = found.pairs.rows, found.pairs.items
        keep = np.ones(len(rows), dtype=bool)
        if exclude_seen and not self.stage.seen_out and len(rows):
            keep &= np.asarray(found.histories[rows, items]).ravel() == 0
        if columns is not None:
            keep &= np.isin(items, columns)
        kept = np.flatnonzero(keep)
        best = best_pairs(rows[kept], items[kept], found.scores[kept], found.histories.shape[0], k)
        filled = best >= 0
        chosen = kept[best[filled]]
        parts = self.booster.contributions(found.matrix[chosen])
        return TopK(
            _spread(filled, items[chosen], -1),
            _spread(filled, found.scores[chosen], np.nan),
            {name: _spread(filled, values, np.nan) for name, values in parts.items()},
        )

    def examined(
        self, numbers: IntArray, histories: csr_matrix, items: IntArray
    ) -> tuple[FloatArray, NDArray[np.bool_]]:
        """Return the features of ``items`` [n, m]: float32 [n, m, columns], and which are known.

        What is no candidate has none.
        """
        found = np.full((*items.shape, len(self.booster.columns)), np.nan, dtype=np.float32)
        known = np.zeros(items.shape, dtype=bool)
        for part in self.stage.blocks(len(numbers)):
            scored = self._scored(numbers[part], histories[part])
            width = histories.shape[1]
            there = scored.pairs.rows.astype(np.int64) * width + scored.pairs.items
            asked = np.arange(len(items[part]))[:, None] * width + items[part]
            known[part] = np.isin(asked, there) & (items[part] >= 0)
            found[part][known[part]] = scored.matrix[np.searchsorted(there, asked[known[part]])]
        return found, known


def _spread(filled: NDArray[np.bool_], values: NDArray[T], empty: float) -> NDArray[T]:
    """Return an array of the shape of ``filled`` with ``values`` where it holds."""
    found = np.full(filled.shape, empty, dtype=values.dtype)
    found[filled] = values
    return found


def _joined(blocks: list[TopK]) -> TopK:
    """Return the blocks one after the other."""
    groups = blocks[0].parts or {}
    return TopK(
        np.concatenate([block.items for block in blocks]),
        np.concatenate([block.scores for block in blocks]),
        {name: np.concatenate([(block.parts or {})[name] for block in blocks]) for name in groups},
    )
