"""The one interface of every recommender: fit, recommend, similar items, save and load."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IdMap, IntArray
from training.interactions import Interactions
from training.models import similar, state
from training.models.blocks import ranking_frame, rows_or_empty, top_of_blocks
from training.models.context import Context
from training.models.explains import Explains
from training.models.question import Question
from training.topk import ItemFactors, TopK, top_of_factors

if TYPE_CHECKING:
    from features.store.reader import FeatureReader


class Recommender(Explains, ABC):
    """Scores all items for customers and ranks them; subclasses only score.

    A subclass is keyword-only constructed, keeps each parameter as the attribute of the same name,
    and writes ``_fit``, ``_score`` (or ``factors``), ``_arrays`` and ``_restore``. A score of NaN
    means "cannot score": the item is left out, and a composed
    :class:`~training.models.fallback.WithFallback` answers instead.

    Attributes
    ----------
    customers, items : IdMap
        Ids seen when the model was fitted.
    histories : csr_matrix
        Counts float32 [n_customers, n_items] the model was fitted on.
    until : datetime
        As-of time of the training data.
    """

    predicts_ratings: bool = False
    reads_features: bool = False  # when it is asked, beside what it was fitted on

    customers: IdMap
    items: IdMap
    histories: csr_matrix
    until: datetime
    _ready: ItemFactors | None = None

    def fit(self, interactions: Interactions, features: FeatureReader | None = None) -> Self:
        """Learn from ``interactions``; equal input and seed give an equal model."""
        return self.fit_matrix(interactions.csr(), interactions, features)

    def fit_matrix(
        self,
        matrix: csr_matrix,
        interactions: Interactions,
        features: FeatureReader | None = None,
    ) -> Self:
        """Learn from a count matrix that a composing model already made of ``interactions``."""
        self.customers, self.items = interactions.customers, interactions.items
        self.histories, self.until = matrix, interactions.until
        self._fit(matrix, interactions, features)
        return self

    def recommend(
        self,
        customers: Sequence[str],
        k: int,
        *,
        exclude_seen: bool = True,
        candidates: Sequence[str] | None = None,
        histories: csr_matrix | None = None,
        features: FeatureReader | None = None,
        context: Context | None = None,
    ) -> pd.DataFrame:
        """Rank the best ``k`` items of each customer.

        Parameters
        ----------
        customers : sequence of str
            Customers in any order; an unknown one is scored by its history or gets no rows.
        k : int
            Most items a customer; fewer where fewer can be scored.
        exclude_seen : bool
            Leave out items in the customer's history.
        candidates : sequence of str, optional
            Only these items may be recommended; items the model does not know are ignored.
        histories : csr_matrix, shape [n_customers_asked, n_items], optional
            Counts by customer asked; default: what the model was trained on.
        features : FeatureReader, optional
            Source of profile features, for models that read them.
        context : Context, optional
            When and through which channel it is asked, for models that tell contexts apart.

        Returns
        -------
        DataFrame
            ``customer_id``, ``item_id``, ``score`` (float32), ``rank`` (int32, from 1), ``origin``
            ("model" or "fallback"), customers in the order asked, ties by item id.
        """
        best, fallback = self.top(
            customers,
            k,
            exclude_seen=exclude_seen,
            candidates=candidates,
            histories=histories,
            features=features,
            context=context,
        )
        return ranking_frame(customers, self.items, best, fallback)

    def top(
        self,
        customers: Sequence[str],
        k: int,
        *,
        exclude_seen: bool = True,
        candidates: Sequence[str] | None = None,
        histories: csr_matrix | None = None,
        features: FeatureReader | None = None,
        context: Context | None = None,
    ) -> tuple[TopK, NDArray[np.bool_]]:
        """As :meth:`recommend`, in numbers: the best items [n, k] and which the fallback gave."""
        if k < 1:
            raise ValueError(f"k: expected at least 1, received {k}")
        numbers, rows = self.rows_of(customers, histories)
        columns = self.columns_of(candidates)
        return self._top(
            Question(customers, numbers, rows, k, columns, exclude_seen, features, context)
        )

    def scores(
        self,
        customers: Sequence[str],
        *,
        histories: csr_matrix | None = None,
        features: FeatureReader | None = None,
    ) -> FloatArray:
        """Score every item: float32 [n_customers, n_items], NaN where the model cannot score."""
        numbers, rows = self.rows_of(customers, histories)
        return self._score(numbers, rows, features)

    def similar_items(self, items: Sequence[str], k: int) -> pd.DataFrame:
        """Rank the ``k`` items most like each of ``items`` by the cosine of what they are to us.

        Returns ``item_id``, ``similar_item_id``, ``score``, ``rank``.

        Raises
        ------
        KeyError
            If an item is unknown.
        """
        numbers = self.items.numbers(items)
        vectors = self._item_vectors()
        best = (
            similar.by_history(self.histories, numbers, k)
            if vectors is None
            else similar.by_vectors(vectors, numbers, k)
        )
        return similar.as_frame(best, numbers, self.items)

    def save(self, folder: Path) -> None:
        """Write the fitted model to ``folder`` (arrays and JSON, with checksums)."""
        state.save(self, Path(folder))

    @classmethod
    def load(cls, folder: Path) -> Recommender:
        """Read a fitted model; raises :class:`training.models.state.StateError` where it cannot."""
        model = state.load(Path(folder))
        if not isinstance(model, cls):
            raise TypeError(f"{folder}: holds a {type(model).__name__}, expected {cls.__name__}")
        return model

    def parameters(self) -> dict[str, Any]:
        """Return the constructor's parameters with their values."""
        return state.parameters(self)

    def diagnostics(self) -> dict[str, float]:
        """Return what the model measured of its own fit, e.g. validation errors; may be empty."""
        return {}

    def chances(self, scores: FloatArray) -> FloatArray | None:
        """Return how probable it is that items of such scores are chosen; None if they say not."""
        del scores
        return None

    def learning_curve(self) -> pd.DataFrame:
        """Return ``epoch``, ``minutes`` and what was measured on held-out data; may be empty."""
        return pd.DataFrame(columns=["epoch", "minutes"])

    def predict(self, customers: Sequence[str], items: Sequence[str]) -> FloatArray:
        """Predict the rating of each pair, float32 [n]; only where ``predicts_ratings``."""
        raise NotImplementedError(f"{type(self).__name__} ranks items, it predicts no ratings")

    def factors(
        self, numbers: IntArray, histories: csr_matrix
    ) -> tuple[FloatArray, FloatArray] | None:
        """Return customer factors [n, d] and item factors [n_items, d], if the score is their dot.

        ``numbers`` are customer numbers, -1 for unknown; a row of NaN cannot be scored.
        """
        del numbers, histories
        return None

    def rows_of(
        self, customers: Sequence[str], histories: csr_matrix | None = None
    ) -> tuple[IntArray, csr_matrix]:
        """Return customer numbers (-1 unknown) and history rows [n, n_items] (empty if unknown).

        Raises
        ------
        ValueError
            If ``histories`` has another shape.
        """
        numbers = self.customers.numbers(customers, missing="negative")
        if histories is None:
            return numbers, rows_or_empty(self.histories, numbers)
        if histories.shape != (len(numbers), len(self.items)):
            raise ValueError(
                f"histories: expected shape {(len(numbers), len(self.items))}, a row for each "
                f"customer asked and a column for each item, received {histories.shape}"
            )
        return numbers, histories

    def columns_of(self, candidates: Sequence[str] | None) -> IntArray | None:
        """Return the ascending numbers of the known ``candidates``, or None if that is all."""
        if candidates is None:
            return None
        numbers = np.unique(self.items.numbers(candidates, missing="negative"))
        known: IntArray = numbers[numbers >= 0]
        return None if len(known) == len(self.items) else known

    def _prepared(self, items: FloatArray, columns: IntArray | None) -> ItemFactors:
        """Return item factors made ready for search; those of all items are kept."""
        if columns is not None:
            return ItemFactors.of(items[columns])
        if self._ready is None or self._ready.given is not items:
            self._ready = ItemFactors.of(items)
        return self._ready

    def _top(self, asked: Question) -> tuple[TopK, NDArray[np.bool_]]:
        """Answer :meth:`top`; for models that do not rank all their scores."""
        columns, rows = asked.columns, asked.histories
        pair = self.factors(asked.numbers, rows)
        if pair is not None:
            items = self._prepared(pair[1], columns)
            best = top_of_factors(pair[0], items, asked.k, asked.excluded)
        else:

            def score(part: slice) -> FloatArray:
                found = self._score(asked.numbers[part], rows[part], asked.features)
                return found if columns is None else found[:, columns]

            best = top_of_blocks(score, rows.shape, asked.k, asked.excluded)
        return asked.in_items(best), np.zeros(best.items.shape, dtype=bool)

    @abstractmethod
    def _fit(
        self, matrix: csr_matrix, interactions: Interactions, features: FeatureReader | None
    ) -> None:
        """Learn from counts float32 [n_customers, n_items]."""

    def _score(
        self,
        numbers: IntArray,
        histories: csr_matrix,
        features: FeatureReader | None,  # noqa: ARG002  (for models that read profiles)
    ) -> FloatArray:
        """Score all items for customers: float32 [n, n_items], NaN where it cannot."""
        pair = self.factors(numbers, histories)
        if pair is None:
            raise NotImplementedError(f"{type(self).__name__} defines neither _score nor factors")
        return pair[0] @ pair[1].T

    def _item_vectors(self) -> FloatArray | None:
        """Return vectors float32 [n_items, d] whose cosine is similarity; None: co-occurrence."""
        return None

    @abstractmethod
    def _arrays(self) -> Mapping[str, NDArray[Any]]:
        """Return the fitted state as named arrays."""

    @abstractmethod
    def _restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take over the state that ``_arrays`` returned."""


def load_recommender(folder: Path) -> Recommender:
    """Read whatever recommender was saved in ``folder``; its class is found by recorded path."""
    return state.load(Path(folder))
