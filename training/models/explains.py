"""How a model tells what gave to a score; models that can tell more override the default."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray

if TYPE_CHECKING:
    from features.store.reader import FeatureReader


class Explains:
    """Splits the scores of a model into what gave to them.

    Attributes
    ----------
    additive : bool
        Whether a score is a sum over the items of the history (and what :meth:`grounds` returns).
    ground : str
        What the scores rest on where the model can tell no more.
    beside : str, optional
        What else than the history an additive score rests on.
    """

    additive: bool = False
    ground: str = "similar"
    beside: str | None = None

    def _score(
        self, numbers: IntArray, histories: csr_matrix, features: FeatureReader | None
    ) -> FloatArray:
        raise NotImplementedError

    def contributions(self, history: csr_matrix, items: IntArray) -> FloatArray:
        """Return what each item of one history gave to the scores of ``items``: float32 [h, m].

        ``history`` is [1, n_items]; the rows are its stored items, in order. With what
        :meth:`grounds` returns they sum to the score. Only where the model is ``additive``.
        """
        raise NotImplementedError(f"{type(self).__name__} is no sum over the items of a history")

    def grounds(
        self, numbers: IntArray, histories: csr_matrix, items: IntArray
    ) -> dict[str, FloatArray]:
        """Return what else gave to the scores of ``items`` [n, m], by ground: float32 [n, m].

        Grounds are ``similar`` (what goes with the history), ``popularity``, ``behavior``,
        ``sentiment``, ``topic``, ``profile`` (vectors of several of these), ``demographics``,
        ``promotions``, ``context`` and ``base``, which is the same for all items. A model that
        cannot tell names one ground for all of it.
        """
        if not self.additive:
            return {self.ground: self._scores_at(numbers, histories, items)}
        if self.beside is None:
            return {}
        return {self.beside: self._beside_history(numbers, histories, items)}

    def _beside_history(
        self, numbers: IntArray, histories: csr_matrix, items: IntArray
    ) -> FloatArray:
        """Return what the scores of ``items`` [n, m] hold besides the terms of the history."""
        found = self._scores_at(numbers, histories, items)
        for row, asked in enumerate(items):
            found[row] -= self.contributions(histories[[row]], asked).sum(axis=0)
        return found

    def _scores_at(self, numbers: IntArray, histories: csr_matrix, items: IntArray) -> FloatArray:
        scores = self._score(numbers, histories, None)
        return np.take_along_axis(scores, items.astype(np.int64), axis=1)
