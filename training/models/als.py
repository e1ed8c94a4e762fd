"""Matrix factorization of implicit feedback by alternating least squares (``implicit``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from numpy.typing import NDArray
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, validate_call
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from training.ids import FloatArray, IntArray
from training.interactions import Interactions
from training.models.base import Recommender
from training.models.blocks import changed_rows
from training.models.latent import explained_by_factors
from training.models.weighting import Weighting, weighted

if TYPE_CHECKING:
    from features.store.reader import FeatureReader


class ALS(Recommender):
    """Score by the dot product of customer and item factors (Hu, Koren and Volinsky 2008).

    A history that grew after training, or that belongs to an unknown customer, is folded in: its
    factors are solved for exactly, the items staying as they are.

    Parameters
    ----------
    dimensions : int
        Length of the vectors.
    regularization : float
        L2 penalty of the factors.
    alpha : float
        Weight of an observed value against a missing one.
    iterations : int
        Alternating rounds.
    weighting : {"count", "binary", "log"}
        What repeated events count for.
    seed : int
        Of the first factors.
    """

    additive = True

    @validate_call
    def __init__(
        self,
        *,
        dimensions: PositiveInt = 64,
        regularization: NonNegativeFloat = 0.01,
        alpha: PositiveFloat = 1.0,
        iterations: PositiveInt = 15,
        weighting: Weighting = "binary",
        seed: NonNegativeInt = 0,
    ) -> None:
        self.dimensions = dimensions
        self.regularization = regularization
        self.alpha = alpha
        self.iterations = iterations
        self.weighting = weighting
        self.seed = seed

    def factors(
        self, numbers: IntArray, histories: csr_matrix
    ) -> tuple[FloatArray, FloatArray] | None:
        """Return trained factors, folded in where the history is not the trained one."""
        customers = np.full((len(numbers), self.dimensions), np.nan, dtype=np.float32)
        known = numbers >= 0
        customers[known] = self._model.user_factors[numbers[known]]
        changed = changed_rows(self.histories, numbers, histories)
        if changed.size:
            customers[changed] = self._fold_in(histories[changed])
        return customers, self._model.item_factors

    def contributions(self, history: csr_matrix, items: IntArray) -> FloatArray:
        """Return what each item of the history gives to the scores of ``items``, folded in.

        The score is a weighted sum over the history (Hu, Koren and Volinsky 2008, section 5). Of
        a trained customer, whose factors are a round older, it is nearly the score.
        """
        had, factors = self._model.item_factors[history.indices], self._model.item_factors
        trust = np.float32(self.alpha) * weighted(history, self.weighting).data[:, None]
        square = self._model.YtY + had.T @ ((trust - 1) * had)
        square[np.diag_indices_from(square)] += self.regularization
        return explained_by_factors(square, had, trust, factors[items])

    def _fit(
        self, matrix: csr_matrix, interactions: Interactions, features: FeatureReader | None
    ) -> None:
        del interactions, features
        with threadpool_limits(1, user_api="blas"):
            self._model = self._blank()
            self._model.fit(weighted(matrix, self.weighting), show_progress=False)

    def _blank(self) -> AlternatingLeastSquares:
        return AlternatingLeastSquares(
            factors=self.dimensions,
            regularization=self.regularization,
            alpha=self.alpha,
            iterations=self.iterations,
            random_state=self.seed,
        )

    def _fold_in(self, histories: csr_matrix) -> FloatArray:
        """Solve for the factors of ``histories`` [n, n_items]; an empty one cannot be scored."""
        rows = np.arange(histories.shape[0])
        solved: FloatArray = self._model.recalculate_user(rows, weighted(histories, self.weighting))
        solved[np.diff(histories.indptr) == 0] = np.nan
        return solved

    def _item_vectors(self) -> FloatArray:
        vectors: FloatArray = self._model.item_factors
        return vectors

    def _arrays(self) -> Mapping[str, NDArray[Any]]:
        return {"customers": self._model.user_factors, "items": self._model.item_factors}

    def _restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        with threadpool_limits(1, user_api="blas"):
            self._model = self._blank()
        self._model.user_factors, self._model.item_factors = arrays["customers"], arrays["items"]
