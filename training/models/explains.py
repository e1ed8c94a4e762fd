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
    """

    additive: bool = False
    ground: str = "similar"

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
        ``sentiment``, ``topic``, ``profile`` (vectors of several of these) and ``base``, which is
        the same for all items. A model that cannot tell names one ground for all of it.
        """
        if self.additive:
            return {}
        scores = self._score(numbers, histories, None)
        return {self.ground: np.take_along_axis(scores, items.astype(np.int64), axis=1)}
