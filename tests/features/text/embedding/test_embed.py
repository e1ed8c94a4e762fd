"""Vectors mean the same thing in both languages and are computed once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from features.text.embedding.embed import WIDTH, Embedder, _encode, as_matrix, embed


def test_vectors_have_length_one(embedder: Embedder) -> None:
    vectors = embedder.vectors(["快递太慢了", "great guitar", "", "👍"])
    assert vectors.shape == (4, WIDTH)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)


def test_translations_are_nearer_than_other_subjects(embedder: Embedder) -> None:
    chinese, english, other = embedder.vectors(
        ["这家酒店的房间很干净", "the hotel room was clean", "my phone battery died"]
    )
    assert chinese @ english > chinese @ other + 0.2


def test_form_does_not_matter(embedder: Embedder) -> None:
    one, other = embedder.vectors(["GREAT  guitar!!!", "GREAT guitar!"])
    np.testing.assert_allclose(one, other, atol=1e-5)
    assert one @ embedder.vectors(["grey winter coat"])[0] < 0.9


def test_only_so_many_characters_are_read() -> None:
    short = Embedder(characters=10)
    one, other = short.vectors(["nice shoes and more", "nice shoes, never mind"])
    np.testing.assert_allclose(one, other, atol=1e-5)
    whole, another = Embedder().vectors(["nice shoes and more", "nice shoes, never mind"])
    assert whole @ another < one @ other - 0.05
    assert short.version != Embedder().version
    with pytest.raises(ValidationError):
        Embedder(characters=0)


def test_equal_texts_are_computed_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    computed: list[str] = []

    def encode(texts: list[str]) -> np.ndarray:
        computed.extend(texts)
        return _encode(texts)

    monkeypatch.setattr("features.text.embedding.embed._encode", encode)
    texts = ["a", "b", "a"]
    plain = embed(texts)
    assert computed == ["a", "b"]
    np.testing.assert_array_equal(plain[0], plain[2])
    assert plain[0] @ plain[1] < 0.9
    kept = embed(texts, cache=tmp_path / "c.sqlite")
    assert sorted(computed) == ["a", "a", "b", "b"]
    np.testing.assert_allclose(plain, kept, atol=1e-5)
    np.testing.assert_array_equal(embed(["b"], cache=tmp_path / "c.sqlite")[0], kept[1])
    assert len(computed) == 4


def test_no_texts_no_vectors(tmp_path: Path) -> None:
    assert embed([]).shape == (0, WIDTH)
    assert embed([], cache=tmp_path / "c.sqlite").shape == (0, WIDTH)
    assert as_matrix(pa.chunked_array([], pa.list_(pa.float32()))).shape == (0, WIDTH)
