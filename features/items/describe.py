"""Embeddings of items from their title, category, brand and description."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

FloatArray = npt.NDArray[np.float32]
Embed = Callable[[Sequence[str]], FloatArray]

PARTS = ("title", "category", "brand", "description")
_NUMBERS = re.compile(r"[\d][\d.,/*%-]*")
_SPACES = re.compile(r"\s+")
_LONGEST = 300


def wording(text: str | None) -> str:
    """Return a description without numbers, which separate sizes but not meanings.

    Examples
    --------
    >>> wording("Yogurt, 5.3 OZ")
    'Yogurt, OZ'
    >>> wording(None)
    ''
    """
    if not text:
        return ""
    words = _NUMBERS.sub(" ", text[:_LONGEST].replace(" > ", ", "))
    return _SPACES.sub(" ", words).strip()


def item_embeddings(items: pa.Table, embed: Embed) -> FloatArray:
    """Return one embedding per item: the mean over its parts, each part embedded by itself.

    Catalogs combine few titles, categories and brands into many items, so embedding the distinct
    parts costs a tenth of embedding the combinations.

    Parameters
    ----------
    items : pyarrow.Table
        Columns title, category, brand, description.
    embed : callable
        Texts to float32 ``[n, width]``; called once with distinct texts.

    Returns
    -------
    numpy.ndarray
        float32 ``[n, width]``; zero rows for items without any text.
    """
    columns = [[wording(text) for text in items[part].to_pylist()] for part in PARTS]
    texts = sorted({text for column in columns for text in column if text})
    if not texts:
        return np.zeros((items.num_rows, 1), dtype=np.float32)
    vectors = np.asarray(embed(texts), dtype=np.float32)
    padded = np.vstack([vectors, np.zeros((1, vectors.shape[1]), dtype=np.float32)])
    number = {text: place for place, text in enumerate(texts)}
    total = np.zeros((items.num_rows, vectors.shape[1]), dtype=np.float32)
    count = np.zeros((items.num_rows, 1), dtype=np.float32)
    for column in columns:
        places = np.array([number.get(text, len(texts)) for text in column], dtype=np.int64)
        total += padded[places]
        count += (places < len(texts))[:, None]
    return np.divide(total, count, out=total, where=count > 0)
