"""The better encoder: same shape of answer, meaning across languages, kept by content."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from features.text.cache import Cached, open_cache
from features.text.embedding.e5 import WIDTH, E5Embedder
from features.text.embedding.embed import as_matrix


def test_meaning_counts_and_language_does_not() -> None:
    found = E5Embedder().vectors(["快递太慢了", "the delivery was too slow", "a pink guitar"])
    assert found.shape == (3, WIDTH)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-4)
    assert found[0] @ found[1] > found[0] @ found[2] + 0.05


def test_it_can_be_kept(tmp_path: Path) -> None:
    with open_cache(tmp_path / "c.sqlite") as connection:
        cached = Cached(E5Embedder(), connection)
        first = as_matrix(cached.analyze(["slow", "慢"])["embedding_e5"])
        np.testing.assert_array_equal(first, as_matrix(cached.analyze(["slow", "慢"])[cached.name]))
        assert cached.analyzed == 2


def test_only_so_many_characters_are_read() -> None:
    short = E5Embedder(characters=4)
    one, other = short.vectors(["nice shoes", "nice coat"])
    np.testing.assert_array_equal(one, other)
    assert short.version != E5Embedder().version
    assert short.vectors([]).shape == (0, WIDTH)
    with pytest.raises(ValidationError):
        E5Embedder(characters=0)
