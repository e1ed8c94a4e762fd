"""Items like an item: by the cosine of learned vectors, or of the customers they share."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, diags

from training.ids import FloatArray, IdMap, IntArray
from training.topk import TopK, top_of_factors, top_of_scores


def by_vectors(vectors: FloatArray, numbers: IntArray, k: int) -> TopK:
    """Rank items by the cosine of ``vectors`` [n_items, d]; the item itself is left out."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = np.divide(vectors, lengths, out=np.full_like(vectors, np.nan), where=lengths > 0)
    return top_of_factors(unit[numbers], unit, k, _itself(numbers, len(vectors)))


def by_history(histories: csr_matrix, numbers: IntArray, k: int) -> TopK:
    """Rank items by the cosine of the sets of customers in ``histories`` [n_customers, n_items].

    An item without a common customer is no answer.
    """
    columns = histories.tocsc()
    had = columns[:, numbers].copy()
    had.data = np.ones_like(had.data)
    shared = (had.T @ (histories != 0).astype(np.float32)).tocsr()
    support = np.bincount(histories.indices, minlength=histories.shape[1]).astype(np.float32)
    scale = 1 / np.sqrt(np.maximum(support, 1))
    cosine = (diags(scale[numbers]) @ shared @ diags(scale)).toarray().astype(np.float32)
    cosine[cosine == 0] = np.nan
    return top_of_scores(cosine, k, _itself(numbers, histories.shape[1]))


def as_frame(best: TopK, numbers: IntArray, items: IdMap) -> pd.DataFrame:
    """Return ``item_id``, ``similar_item_id``, ``score``, ``rank`` of the answers in ``best``."""
    row, place = np.nonzero(best.items >= 0)
    return pd.DataFrame(
        {
            "item_id": items.ids[numbers[row]],
            "similar_item_id": items.ids[best.items[row, place]],
            "score": best.scores[row, place],
            "rank": place.astype(np.int32) + np.int32(1),
        }
    )


def _itself(numbers: IntArray, n_items: int) -> csr_matrix:
    shape = (len(numbers), n_items)
    ones = np.ones(len(numbers), dtype=np.float32)
    return csr_matrix((ones, (np.arange(len(numbers)), numbers)), shape=shape)
