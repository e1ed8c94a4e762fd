"""What a recommender is asked, once ids are numbers: of whom, of which items, by which history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

from training.ids import IntArray
from training.models.context import Context
from training.topk import TopK

if TYPE_CHECKING:
    from features.store.reader import FeatureReader


@dataclass(frozen=True, eq=False)
class Question:
    """The ``k`` best items of n customers.

    Parameters
    ----------
    customers : sequence of str
        Who is asked about.
    numbers : ndarray of int32, shape [n]
        Their numbers, -1 for unknown.
    histories : csr_matrix, shape [n, n_items]
        Their counts.
    k : int
        Most items a customer.
    columns : ndarray of int32, optional
        Ascending numbers of the items that may be recommended; None: all.
    exclude_seen : bool
        Leave out items in a customer's history.
    features : FeatureReader, optional
        Source of profile features, for models that read them.
    context : Context, optional
        When and through which channel it is asked, for models that tell contexts apart.
    """

    customers: Sequence[str]
    numbers: IntArray
    histories: csr_matrix
    k: int
    columns: IntArray | None
    exclude_seen: bool
    features: FeatureReader | None
    context: Context | None = None

    @property
    def excluded(self) -> csr_matrix | None:
        """What is not recommended, [n, columns]; None where nothing is left out."""
        if not self.exclude_seen:
            return None
        return self.histories if self.columns is None else self.histories[:, self.columns]

    def of(self, places: IntArray) -> Question:
        """Return the same question about the customers at ``places`` only."""
        return replace(
            self,
            customers=[self.customers[place] for place in places.tolist()],
            numbers=self.numbers[places],
            histories=self.histories[places],
        )

    def in_items(self, best: TopK) -> TopK:
        """Return ``best`` of the columns in numbers of all items."""
        if self.columns is None:
            return best
        return TopK(np.append(self.columns, np.int32(-1))[best.items], best.scores)
