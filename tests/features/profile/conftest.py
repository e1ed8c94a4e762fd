"""A space that needs no language model: a text's embedding counts its words."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Sequence

import numpy as np
import pytest

WIDTH = 512


def embed(texts: Sequence[str]) -> np.ndarray:
    """Hashed words, scaled to length 1: texts with the same words are close."""
    counts = np.zeros((len(texts), WIDTH), dtype=np.float32)
    for row, text in enumerate(texts):
        for word in re.findall(r"[a-z]{4,}", text.lower()):
            counts[row, zlib.crc32(word.encode()) % WIDTH] += 1
    return counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1e-9)


@pytest.fixture(scope="session")
def bag_of_words() -> Callable[[Sequence[str]], np.ndarray]:
    return embed
