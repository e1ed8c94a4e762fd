"""An ensemble by rank fusion: what several models rank high together comes first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt, validate_call
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray
from training.interactions import Interactions
from training.models.base import Recommender
from training.models.blocks import block_rows
from training.models.question import Question
from training.topk import TopK, top_of_scores

if TYPE_CHECKING:
    from features.store.reader import FeatureReader


class Ensemble(Recommender):
    """Score an item by reciprocal rank fusion (Cormack, Clarke and Büttcher 2009).

    An item gets ``weight / (constant + rank)`` from each part that ranks it among its first
    ``depth`` (rank from 1), summed over the parts. Only ranks count, so parts need no common
    scale and nothing has to be learned. Seen items take no ranks where they are left out. An item
    no part ranks is not scored; a part that cannot serve a customer abstains.

    Parameters
    ----------
    parts : dict of str to Recommender
        The models by name.
    weights : dict of str to float, optional
        Weight by name of part; default 1 each.
    constant : float
        How little the first ranks stand out: 60 in the paper.
    depth : int
        Ranks of a part that count. Where few candidates are asked for, those beyond are not
        scored.

    Raises
    ------
    ValueError
        If there are no parts, or the weights are not those of the parts.
    """

    @validate_call(config={"arbitrary_types_allowed": True})
    def __init__(
        self,
        *,
        parts: Mapping[str, Recommender],
        weights: Mapping[str, NonNegativeFloat] | None = None,
        constant: PositiveFloat = 60.0,
        depth: PositiveInt = 500,
    ) -> None:
        if not parts:
            raise ValueError("ensemble.parts: expected at least one model")
        if weights is not None and set(weights) != set(parts):
            raise ValueError(
                f"ensemble.weights: expected one for each of {sorted(parts)}, "
                f"received {sorted(weights)}"
            )
        self.parts = {name: parts[name] for name in sorted(parts)}
        self.weights = None if weights is None else dict(weights)
        self.constant = constant
        self.depth = depth

    def _top(self, asked: Question) -> tuple[TopK, NDArray[np.bool_]]:
        """Let the parts rank, each in its own way, and fuse."""
        n = len(asked.customers)
        best = TopK(
            np.full((n, asked.k), -1, dtype=np.int32),
            np.full((n, asked.k), np.nan, dtype=np.float32),
        )
        for block in _blocks(n, len(self.items)):
            places = np.arange(block.start, block.stop, dtype=np.int32)
            whole = replace(asked.of(places), k=self._deep, columns=None)
            fused = self._fused({name: p._top(whole)[0] for name, p in self.parts.items()})
            wanted = fused if asked.columns is None else fused[:, asked.columns]
            found = asked.in_items(top_of_scores(wanted, asked.k))
            best.items[block], best.scores[block] = found.items, found.scores
        return best, np.zeros(best.items.shape, dtype=bool)

    def diagnostics(self) -> dict[str, float]:
        """Return what the parts measured, each below its name."""
        return {
            f"{name}_{key}": value
            for name, part in self.parts.items()
            for key, value in part.diagnostics().items()
        }

    def grounds(
        self, numbers: IntArray, histories: csr_matrix, items: IntArray
    ) -> dict[str, FloatArray]:
        """Return what the ranks of the parts gave, summed by the ground that a part stands for."""
        found: dict[str, FloatArray] = {}
        places = items.astype(np.int64)
        for name, part in self.parts.items():
            ranking = top_of_scores(part._score(numbers, histories, None), self._deep)
            given = np.take_along_axis(np.nan_to_num(self._fused({name: ranking})), places, axis=1)
            found[part.ground] = found.get(part.ground, np.float32(0)) + given
        return found

    @property
    def _deep(self) -> int:
        return min(self.depth, max(len(self.items), 1))

    def _fused(self, rankings: Mapping[str, TopK]) -> FloatArray:
        """Sum the reciprocal ranks of the parts, in order: float32 [n, n_items], NaN for none."""
        n = len(next(iter(rankings.values())).items)
        total = np.zeros((n, len(self.items)))
        for name, ranking in rankings.items():
            weight = 1.0 if self.weights is None else self.weights[name]
            row, place = np.nonzero(ranking.items >= 0)
            total[row, ranking.items[row, place]] += weight / (self.constant + place + 1)
        fused = total.astype(np.float32)
        fused[fused == 0] = np.nan
        return fused

    def _fit(
        self, matrix: csr_matrix, interactions: Interactions, features: FeatureReader | None
    ) -> None:
        for part in self.parts.values():
            part.fit_matrix(matrix, interactions, features)

    def _score(
        self, numbers: IntArray, histories: csr_matrix, features: FeatureReader | None
    ) -> FloatArray:
        """Fuse rankings that hold seen items too."""
        return self._fused(
            {
                name: top_of_scores(part._score(numbers, histories, features), self._deep)
                for name, part in self.parts.items()
            }
        )

    def _arrays(self) -> Mapping[str, NDArray[Any]]:
        return {}

    def _restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        del arrays


def _blocks(n_rows: int, n_items: int) -> Iterator[slice]:
    """Divide rows so that one block of scores in float64 stays small."""
    step = max(1, block_rows(n_items) // 2)
    for start in range(0, n_rows, step):
        yield slice(start, min(start + step, n_rows))
