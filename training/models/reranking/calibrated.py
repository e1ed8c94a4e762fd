"""Calibrated recommendations: a list with the categories of the history in their proportions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveInt, validate_call
from scipy.sparse import csr_matrix

from training.ids import IntArray
from training.models.base import Recommender
from training.models.reranking.base import Reranked, Weight
from training.models.reranking.greedy import Bonus, Values
from training.tastes import codes_of, shares_of, tastes_of


class Calibrated(Reranked):
    """Choose items so that the list's categories come close to those of the customer's history.

    Steck (2018), "Calibrated Recommendations": greedily maximize (1 - ``weight``) · relevance
    - ``weight`` · KL(p || q), with p the shares of the categories in the history, q those in the
    list, mixed with a little of p. Who has no history keeps the order of relevance.

    Parameters
    ----------
    primary : Recommender
        The model that scores.
    weight : float
        Of calibration against relevance, 0 to 1.
    candidates : int
        How many items of ``primary`` a list is chosen from.
    levels : int
        Leading levels of the category path that count.
    smoothing : float
        α: share of p that is mixed into q, so that a category the list lacks costs no infinity.

    Raises
    ------
    ValueError
        From ``fit``, if no item has a category.
    """

    @validate_call(config={"arbitrary_types_allowed": True})
    def __init__(
        self,
        *,
        primary: Recommender,
        weight: Weight = 0.5,
        candidates: PositiveInt = 100,
        levels: PositiveInt = 1,
        smoothing: Annotated[float, Field(gt=0, lt=1)] = 0.01,
    ) -> None:
        self.primary = primary
        self.weight = weight
        self.candidates = candidates
        self.levels = levels
        self.smoothing = smoothing

    def _prepare(self) -> None:
        self._codes = codes_of(self.categories, self.items, levels=self.levels)
        if (self._codes < 0).all():
            raise ValueError(
                "rerank=calibrated: no item has a category; load items with categories, or use "
                "rerank=mmr"
            )

    def _bonus(self, items: IntArray, histories: csr_matrix) -> Bonus:
        codes = np.where(items < 0, -1, self._codes[items])
        return _Fill(codes, tastes_of(histories, self._codes), self.smoothing)

    def _arrays(self) -> Mapping[str, NDArray[Any]]:
        return {"codes": self._codes}

    def _restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._codes = arrays["codes"]


class _Fill:
    """By how much the divergence falls when a candidate joins the list.

    With c items of category g among the m - 1 of the list, one more changes only the term of g:
    p log(((1 - α)(c + 1)/m + α p) / ((1 - α) c/m + α p)), beside what is the same for all.
    """

    def __init__(self, codes: IntArray, tastes: csr_matrix, smoothing: float) -> None:
        self._codes, self._smoothing = codes, smoothing
        self._wanted = shares_of(tastes, codes)
        self._held = np.zeros(codes.shape)
        self._length = 0

    def now(self) -> Values:
        wanted = self._wanted
        share = (1 - self._smoothing) / (self._length + 1)
        before = share * self._held + self._smoothing * wanted
        ratio = np.divide(share, before, out=np.zeros_like(before), where=wanted > 0)
        return wanted * np.log1p(ratio)

    def take(self, places: NDArray[np.intp]) -> None:
        code = self._codes[np.arange(len(places)), places][:, None]
        self._held += self._codes == code
        self._length += 1
