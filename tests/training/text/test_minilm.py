"""The frozen English encoder as an analyzer."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from features.text.base import Analyzer
from training.text.minilm import WIDTH, MiniLmEmbedder


def test_like_questions_are_near_and_each_text_has_its_row() -> None:
    embedder = MiniLmEmbedder()
    assert isinstance(embedder, Analyzer)
    texts = ["my card was swallowed", "the machine kept my card", "sunny hills in May"]
    one, other, far = embedder.vectors(texts)
    assert one @ other > 0.3 > one @ far
    found = embedder.analyze(texts)
    assert found.schema == embedder.schema
    np.testing.assert_allclose(found["embedding_minilm"].to_pylist()[2], far, atol=1e-6)


def test_no_texts_no_rows() -> None:
    assert MiniLmEmbedder().vectors([]).shape == (0, WIDTH)
    assert MiniLmEmbedder(max_tokens=64).version != MiniLmEmbedder().version
    with pytest.raises(ValidationError):
        MiniLmEmbedder(max_tokens=0)
