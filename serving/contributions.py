"""How much each item of a customer's history spoke for a recommended item, model by model."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray
from training.models.base import Recommender
from training.models.reranking.base import scorer_of

Contributions = Callable[[IntArray, IntArray], FloatArray]
"""History items [h] and recommended items [m] to float32 [h, m]; above 0 speaks for the item."""

_CACHE_BYTES = 128 << 20
_PROBED_ITEMS = 20_000
_NOBODY = np.zeros(0, dtype=np.int32)


def contributions_of(model: Recommender) -> Contributions | None:
    """Return how a model weighs a history item for a recommended item, None where none is learned.

    A model whose score is a sum over the history tells its terms. A model of models is asked for
    its first part that knows. Otherwise: for factor models the cosine of the two items' factors,
    which needs no equations solved for every customer (``experiment=faithfulness`` measures both);
    for models that score any history, what they give to a history of that one item; for the rest,
    the cosine of the two items' customers.
    """
    model = scorer_of(model)
    if model.additive and model.factors(_NOBODY, csr_matrix((0, len(model.items)))) is None:
        return by_terms(model)
    parts = getattr(model, "sources", {})
    if parts:
        known = (contributions_of(part) for part in parts.values())
        return next((found for found in known if found is not None), None)
    pair = model.factors(_NOBODY, csr_matrix((0, len(model.items))))
    if pair is not None:
        return by_factors(pair[1]) if pair[1].shape[1] > 1 else None
    if len(model.items) <= _PROBED_ITEMS and _scores_histories(model):
        return Probe(model)
    return by_customers(model.histories)


def by_terms(model: Recommender) -> Contributions:
    """Return the terms of the sum that a score of ``model`` is, each history item had once."""

    def terms(had: IntArray, items: IntArray) -> FloatArray:
        ones = np.ones(len(had), dtype=np.float32)
        history = csr_matrix((ones, had, [0, len(had)]), shape=(1, len(model.items)))
        return model.contributions(history, items)

    return terms


def by_factors(factors: FloatArray) -> Contributions:
    """Return the cosine of item factors float32 [n_items, d]."""
    lengths = np.sqrt(np.einsum("ij,ij->i", factors, factors))
    scale = np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    unit = np.nan_to_num(factors * scale[:, None])

    def cosine(had: IntArray, items: IntArray) -> FloatArray:
        found: FloatArray = unit[had] @ unit[items].T
        return found

    return cosine


def by_customers(histories: csr_matrix) -> Contributions:
    """Return the cosine of the sets of customers of two items; ``histories`` is [n, n_items]."""
    columns = histories.tocsc()
    columns.data = np.ones_like(columns.data)
    support = np.maximum(np.diff(columns.indptr), 1).astype(np.float32)

    def cosine(had: IntArray, items: IntArray) -> FloatArray:
        shared = (columns[:, had].T @ columns[:, items]).toarray()
        found: FloatArray = shared / np.sqrt(support[had, None] * support[None, items])
        return found

    return cosine


class Probe:
    """What a model gives to a customer nobody knows who had just one item; remembers answers.

    For linear item-to-item models (EASE, item-kNN) this is the very weight of the history item.

    Parameters
    ----------
    model : Recommender
        Scores histories of unknown customers.
    """

    def __init__(self, model: Recommender) -> None:
        self._model = model
        self._kept: OrderedDict[int, FloatArray] = OrderedDict()
        self._room = max(64, _CACHE_BYTES // (4 * len(model.items)))

    def __call__(self, had: IntArray, items: IntArray) -> FloatArray:
        """Return the weights of history items for recommended items, float32 [h, m]."""
        wanted = had.tolist()
        missing = [item for item in wanted if item not in self._kept]
        fresh = dict(zip(missing, self._ask(missing), strict=True)) if missing else {}
        rows = [fresh[item] if item in fresh else self._kept[item] for item in wanted]
        self._kept.update(fresh)
        while len(self._kept) > self._room:
            self._kept.popitem(last=False)
        return np.stack([row[items] for row in rows])

    def _ask(self, items: list[int]) -> FloatArray:
        ones = np.ones(len(items), dtype=np.float32)
        shape = (len(items), len(self._model.items))
        alone = csr_matrix((ones, (np.arange(len(items)), items)), shape=shape)
        return np.nan_to_num(self._model.scores([""] * len(items), histories=alone))


def _scores_histories(model: Recommender) -> bool:
    """Return whether the model scores an unknown customer who had the most popular item."""
    support = np.bincount(model.histories.indices, minlength=len(model.items))
    return bool((Probe(model)._ask([int(np.argmax(support))]) != 0).any())
