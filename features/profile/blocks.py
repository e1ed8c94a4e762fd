"""The three blocks of a profile: what a customer did, liked and talked about, in item space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from features.items.space import ItemSpace, unit
from features.profile.rollup import Texts, column, matrix

FloatArray = npt.NDArray[np.float32]


def behavior_block(weights: sparse.csr_matrix, item_vectors: FloatArray) -> FloatArray:
    """``h_B``: recency-weighted mean of the vectors of items acted on, scaled to length 1.

    Parameters
    ----------
    weights : scipy.sparse.csr_matrix
        ``[customers, items]``: summed ``0.5 ** (age / half_life)`` of acts.
    item_vectors : numpy.ndarray
        float32 ``[items, 64]``.
    """
    return unit(np.asarray(weights @ item_vectors, dtype=np.float32))


def sentiment_block(
    chosen: Texts, item_vectors: Mapping[str, FloatArray], space: ItemSpace
) -> FloatArray:
    """``h_C``: polarity-weighted mean of what was spoken about, scaled to length 1.

    ``h_C ~ sum_i w_i p_i v_i`` with recency weight ``w``, polarity ``p`` in -1..1 and ``v`` the
    vector of the item the text is about, or of the text itself where it names none: praise pulls
    the profile towards it, complaints push it away.

    Returns
    -------
    numpy.ndarray
        float32 ``[len(chosen.ids), 64]``; zero rows where nothing was felt.
    """
    spoken = space.project(matrix(chosen.rows, "embedding")) if chosen.rows.num_rows else None
    if spoken is None:
        return np.zeros((len(chosen.ids), len(space.components)), dtype=np.float32)
    for place, item_id in enumerate(chosen.rows["item_id"].to_pylist()):
        if item_id is not None and item_id in item_vectors:
            spoken[place] = item_vectors[item_id]
    pull = chosen.weight * column(chosen.rows, "polarity")
    return unit(chosen.sum(spoken * pull[:, None]))


def topic_centroids(texts: pa.Table, space: ItemSpace, count: int) -> FloatArray:
    """Return the vector of each topic: the mean embedding of its texts, projected.

    Parameters
    ----------
    texts : pyarrow.Table
        Texts that may be learned from (known before both the as-of time and ``fit_until``).
    space : ItemSpace
        Maps embeddings to item vectors.
    count : int
        Number of topics.

    Returns
    -------
    numpy.ndarray
        float32 ``[count, 64]``; zero rows for topics without a text.
    """
    centroids = np.zeros((count, len(space.components)), dtype=np.float32)
    topics = pc.fill_null(texts["topic"], -1).to_numpy()
    embeddings = matrix(texts, "embedding")
    for topic in range(count):
        of_topic = embeddings[topics == topic]
        if len(of_topic):
            centroids[topic] = space.project(of_topic.mean(axis=0, keepdims=True))[0]
    return centroids


def topic_block(shares: FloatArray, centroids: FloatArray) -> FloatArray:
    """``h_T``: topic centroids weighted by the customer's topic shares, scaled to length 1.

    Parameters
    ----------
    shares : numpy.ndarray
        float32 ``[customers, topics]``.
    centroids : numpy.ndarray
        float32 ``[topics, 64]``.
    """
    return unit(shares @ centroids)


def align(rows: FloatArray, ids: Sequence[str], wanted: Sequence[str]) -> FloatArray:
    """Return the rows of ``wanted`` ids, zero where an id has none."""
    place = {name: number for number, name in enumerate(ids)}
    aligned = np.zeros((len(wanted), rows.shape[1]), dtype=np.float32)
    found = [(to, place[name]) for to, name in enumerate(wanted) if name in place]
    if found:
        target, origin = np.array(found).T
        aligned[target] = rows[origin]
    return aligned
