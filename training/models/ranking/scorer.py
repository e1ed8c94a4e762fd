"""A fitted ranker at work: candidates scored, ordered and explained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray
from training.models.ranking.booster import Booster
from training.models.ranking.candidates import Candidates
from training.models.ranking.ordering import best_pairs
from training.models.ranking.stage import Stage
from training.topk import TopK


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
    ) -> TopK:
        """Take the ``k`` best candidates of each customer, among ``columns`` if given."""
        found = [TopK(np.empty((0, k), dtype=np.int32), np.empty((0, k), dtype=np.float32))]
        for part in self.stage.blocks(len(numbers)):
            rows = histories[part]
            pairs, scores = self._scored(numbers[part], rows)
            keep = np.ones(len(pairs), dtype=bool)
            if exclude_seen and not self.stage.seen_out:
                keep &= np.asarray(rows[pairs.rows, pairs.items]).ravel() == 0
            if columns is not None:
                keep &= np.isin(pairs.items, columns)
            found.append(
                best_pairs(pairs.rows[keep], pairs.items[keep], scores[keep], rows.shape[0], k)
            )
        return TopK(
            np.concatenate([block.items for block in found]),
            np.concatenate([block.scores for block in found]),
        )

    def dense(self, numbers: IntArray, histories: csr_matrix) -> FloatArray:
        """Score all items: float32 [n, n_items], NaN for what is no candidate."""
        scores = np.full(histories.shape, np.nan, dtype=np.float32)
        for part in self.stage.blocks(len(numbers)):
            pairs, found = self._scored(numbers[part], histories[part])
            scores[part.start + pairs.rows, pairs.items] = found
        return scores

    def explain(
        self,
        numbers: IntArray,
        histories: csr_matrix,
        wanted: NDArray[np.int64],
        items: IntArray,
    ) -> dict[str, FloatArray]:
        """Split the scores of pairs (row ``wanted``, item ``items``; -1 unknown) by group.

        Returns float32 [pairs] a group, in log-odds; NaN for what is no candidate.
        """
        groups = sorted(set(self.booster.owners.values()))
        reasons = {name: np.full(len(wanted), np.nan, dtype=np.float32) for name in groups}
        for part in self.stage.blocks(len(numbers)):
            inside = np.flatnonzero((wanted >= part.start) & (wanted < part.stop))
            table = self.stage.table(numbers[part], histories[part])
            place = table.pairs.find(wanted[inside] - part.start, items[inside], histories.shape[1])
            hit = place >= 0
            if hit.any():
                found = self.booster.contributions(table.matrix[place[hit]])
                for name, values in found.items():
                    reasons[name][inside[hit]] = values
        return reasons

    def _scored(self, numbers: IntArray, histories: csr_matrix) -> tuple[Candidates, FloatArray]:
        """Return the candidates of a block and their scores."""
        table = self.stage.table(numbers, histories)
        known = ((numbers >= 0) | (np.diff(histories.indptr) > 0))[table.pairs.rows]
        pairs, matrix = table.pairs, table.matrix
        if not known.all():
            pairs, matrix = pairs.where(known), matrix[known]
        if not len(pairs):
            return pairs, np.zeros(0, dtype=np.float32)
        return pairs, self.booster.score(matrix)
