"""Categories as numbers, and what categories a customer's history is made of."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training.ids import IdMap, IntArray

SEPARATOR = ">"  # between the levels of a category path


def codes_of(
    categories: pd.Series[str] | None, items: IdMap, *, levels: int | None = None
) -> IntArray:
    """Return the number of each item's category, int32 [n_items]; -1 where unknown.

    Parameters
    ----------
    categories : Series or None
        Category path by item id, such as ``Grocery > Fruit > Berries``.
    items : IdMap
        The items.
    levels : int, optional
        Only so many leading levels count; None: all.
    """
    if categories is None:
        return np.full(len(items), -1, dtype=np.int32)
    paths = categories.reindex(items.ids)
    if levels is not None:
        known = paths.dropna()
        leading = [SEPARATOR.join(path.split(SEPARATOR)[:levels]).strip() for path in known]
        paths = pd.Series(leading, index=known.index, dtype=object).reindex(items.ids)
    return pd.factorize(paths, sort=True)[0].astype(np.int32)


def tastes_of(histories: csr_matrix, codes: IntArray) -> csr_matrix:
    """Return the share of each category in each history, float64 [n, categories].

    Every item of a history counts once, however often it was had; those of unknown category are
    left out. A row sums to 1, or to 0 where no category is known.
    """
    groups = int(codes.max(initial=-1)) + 1
    known = np.flatnonzero(codes >= 0)
    ones = np.ones(len(known))
    of_group = csr_matrix((ones, (known, codes[known])), shape=(len(codes), groups))
    had = csr_matrix(
        (np.ones(histories.nnz), histories.indices, histories.indptr), shape=histories.shape
    )
    counts = (had @ of_group).tocsr()
    total = np.asarray(counts.sum(axis=1)).ravel()
    counts.data /= np.repeat(total, np.diff(counts.indptr))
    return counts


def shares_of(tastes: csr_matrix, codes: IntArray) -> NDArray[np.float64]:
    """Look up the share of category ``codes`` [n, m] in each row of ``tastes``; 0 where -1."""
    dense = np.zeros((tastes.shape[0], tastes.shape[1] + 1))
    dense[:, :-1] = tastes.toarray()
    return np.take_along_axis(dense, codes.astype(np.int64) % dense.shape[1], axis=1)
