"""Customers unknown in training, whom a model that reads profiles looks up when it is asked."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from training.models.base import Recommender
from training.models.question import Question
from training.topk import TopK

if TYPE_CHECKING:
    from features.store.reader import FeatureReader


class LooksUpStrangers(Recommender):
    """Ranks as any model, and strangers by what features say of them by now.

    A subclass writes ``_top_of_strangers``.
    """

    reads_features = True

    def _top(self, asked: Question) -> tuple[TopK, NDArray[np.bool_]]:
        """Rank as any model; customers unknown in training are looked up in the features."""
        best, fallback = super()._top(asked)
        strangers = np.flatnonzero(asked.numbers < 0).astype(np.int32)
        if asked.features is not None and strangers.size:
            found = self._top_of_strangers(asked.of(strangers), asked.features)
            if found is not None:
                best.items[strangers], best.scores[strangers] = found.items, found.scores
        return best, fallback

    @abstractmethod
    def _top_of_strangers(self, asked: Question, features: FeatureReader) -> TopK | None:
        """Answer for customers unknown in training, None if features say nothing of any.

        Items have their numbers among all.
        """
