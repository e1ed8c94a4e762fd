"""Items with their vectors: described by words, or by what was written about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.items.describe import PARTS, Embed, item_embeddings
from features.items.space import ItemSpace
from features.profile.rollup import matrix
from ingest.store import Store

FloatArray = npt.NDArray[np.float32]

_MOST_FITTED = 20_000  # items the space is fitted on: an even sample of more


@dataclass(frozen=True)
class Catalog:
    """Items in a fixed order with the map from embeddings to item space.

    Attributes
    ----------
    ids : list[str]
        Items, sorted.
    vectors : numpy.ndarray
        float32 ``[n, 64]`` from the items' own words; zero rows where there are none.
    space : ItemSpace
        Maps sentence embeddings to item vectors.
    """

    ids: list[str]
    vectors: FloatArray
    space: ItemSpace

    def as_of(self, known: pa.Table) -> FloatArray:
        """Return item vectors; an item without words gets the mean of the texts about it.

        Parameters
        ----------
        known : pyarrow.Table
            Analyzed texts that were known at the as-of time.
        """
        wordless = ~np.any(self.vectors != 0, axis=1)
        if not wordless.any() or not known.num_rows:
            return self.vectors
        means, written = text_means(known, self.ids)
        filled = self.vectors.copy()
        chosen = wordless & written
        filled[chosen] = self.space.project(means[chosen])
        return filled


def text_means(texts: pa.Table, ids: Sequence[str]) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Return the mean embedding of the texts about each item, and which items have any."""
    place = {name: number for number, name in enumerate(ids)}
    owners = np.array([place.get(name, -1) for name in texts["item_id"].to_pylist()], np.int64)
    embeddings = matrix(texts, "embedding")[owners >= 0]
    owners = owners[owners >= 0]
    sums = np.zeros((len(ids), embeddings.shape[1]), dtype=np.float32)
    np.add.at(sums, owners, embeddings)
    counts = np.bincount(owners, minlength=len(ids))
    means = sums / np.maximum(counts, 1).astype(np.float32)[:, None]
    return np.asarray(means, dtype=np.float32), counts > 0


def build_catalog(
    store: Store, wanted: Sequence[str], early: Sequence[str], early_texts: pa.Table, embed: Embed
) -> Catalog | None:
    """Embed the wanted items and fit the item space on the early ones.

    Parameters
    ----------
    store : Store
        Titles, categories, brands and descriptions.
    wanted : Sequence[str]
        Items that need a vector.
    early : Sequence[str]
        Items known before ``fit_until``; the space is fitted on these alone, or on all wanted ones
        if none of the early ones is described.
    early_texts : pyarrow.Table
        Analyzed texts known before ``fit_until``: what the space is fitted on when items have no
        words of their own.
    embed : callable
        Texts to sentence embeddings.

    Returns
    -------
    Catalog or None
        None if neither items nor texts say anything.
    """
    ids = sorted(set(wanted))
    rows = store.read("items", columns=["item_id", *PARTS])
    place = {name: number for number, name in enumerate(rows["item_id"].to_pylist())}
    order = pa.array([place.get(name) for name in ids], pa.int64())
    embeddings = item_embeddings(rows.take(order), embed)
    described = np.any(embeddings != 0, axis=1)
    if not described.any():
        return _from_texts(ids, early_texts)
    first = set(early)
    known = described & np.array([name in first for name in ids])
    chosen = np.flatnonzero(known if known.any() else described)
    space = ItemSpace.fit(embeddings[chosen[:: -(-len(chosen) // _MOST_FITTED)]])
    vectors = np.zeros((len(ids), len(space.components)), dtype=np.float32)
    vectors[described] = space.project(embeddings[described])
    return Catalog(ids, vectors, space)


def _from_texts(ids: list[str], early_texts: pa.Table) -> Catalog | None:
    if not early_texts.num_rows:
        return None
    means, written = text_means(early_texts, ids)
    sample = means[written] if written.any() else matrix(early_texts, "embedding")
    space = ItemSpace.fit(sample)
    return Catalog(ids, np.zeros((len(ids), len(space.components)), dtype=np.float32), space)
