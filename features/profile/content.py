"""Recommend by content alone: profile times item vectors."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt


def content_ranking(
    profile: npt.NDArray[np.float32],
    item_ids: Sequence[str],
    item_vectors: npt.NDArray[np.float32],
    k: int,
    *,
    exclude: Collection[str] = (),
) -> list[tuple[str, float]]:
    """Return the ``k`` items with the largest ``P . item_vector``, ties by item id.

    Parameters
    ----------
    profile : numpy.ndarray
        float32 ``[64]``: a customer's profile vector.
    item_ids : Sequence[str]
        Items of ``item_vectors``, float32 ``[n, 64]``; items whose vector is zero are left out.
    k : int
        Most items to return.
    exclude : Collection[str]
        Items that must not be recommended: seen, or disliked.

    Returns
    -------
    list of (item_id, score)
        Best first.
    """
    scores = item_vectors @ profile
    described = np.any(item_vectors != 0, axis=1)
    barred = set(exclude)
    ranked = sorted(
        (-float(score), item)
        for item, score, known in zip(item_ids, scores, described, strict=True)
        if known and item not in barred
    )
    return [(item, -score) for score, item in ranked[:k]]
