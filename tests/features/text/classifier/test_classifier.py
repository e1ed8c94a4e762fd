"""A classifier fits its tier, says how sure it is, and comes back from a file as it was."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from features.text.classifier.examples import Labeled
from features.text.classifier.fit import fit_classifier, fit_measured
from features.text.classifier.fuse import fused_weights
from features.text.classifier.heads import Linear, fit_leaning_head, fit_term_head
from features.text.classifier.model import FloatArray, TextClassifier
from features.text.classifier.parts import TermHead, chosen
from features.text.classifier.quality import calibration_error, quality_of, threshold_of
from features.text.classifier.terms import Terms, fit_terms, terms_of
from features.text.embedding.vectors import SideBySide

WORDS = {"fruit": ("appel", "payr", "梨子"), "metal": ("irron", "coppa", "铜片"), "wind": ("gayl",)}
WIDTH = 8


def invented(count: int, seed: int = 0, classes: Sequence[str] = tuple(WORDS)) -> Labeled:
    """Sentences whose class is told by one word of ours."""
    generator = random.Random(seed)
    labels = [generator.choice(classes) for _ in range(count)]
    texts = [f"the {generator.choice(WORDS[label])} thing, number {n}" for n, label in
             enumerate(labels)]  # fmt: skip
    return Labeled(tuple(texts), tuple(labels))


def by_word(texts: Sequence[str]) -> FloatArray:
    """Vectors of length 1 that hold the class, as an encoder that knows our words would."""
    found = np.full((len(texts), WIDTH), 0.1, dtype=np.float32)
    for row, text in enumerate(texts):
        for place, words in enumerate(WORDS.values()):
            found[row, place] += any(word in text for word in words)
        found[row, 5] += (sum(map(ord, text)) % 7) / 10
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def loud(texts: Sequence[str]) -> FloatArray:
    """Long vectors that say nothing of the class."""
    return np.array([[hash_of(text) % m for m in (5, 7, 11)] for text in texts], dtype=np.float32)


def hash_of(text: str) -> int:
    return int(sum(place * ord(letter) for place, letter in enumerate(text)))


def flat(texts: Sequence[str]) -> FloatArray:
    """Vectors that say nothing."""
    return np.full((len(texts), WIDTH), WIDTH**-0.5, dtype=np.float32)


@pytest.mark.parametrize("tier", ["few-shot", "trained", "fused"])
def test_every_tier_learns(tier: str) -> None:
    model = fit_classifier(invented(120), tier=tier, vectors=by_word)
    assert model.tier == tier
    assert model.labels == ("fruit", "metal", "wind")
    assert model.quality is not None
    assert model.quality.accuracy > 0.97
    assert model.quality.macro_f1 > 0.97
    assert model.quality.texts == 120
    texts = ["a payr", "铜片 of mine", "what a gayl"]
    found = model.predict(texts)
    assert found["label"].to_pylist() == ["fruit", "metal", "wind"]
    assert found["confidence"].to_numpy().min() > 0.5
    probabilities = model.probabilities(texts, by_word(texts))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(probabilities, model.probabilities(texts))


def test_the_data_decides_the_tier() -> None:
    assert fit_classifier(invented(60)).tier == "trained"
    assert fit_classifier(invented(15), vectors=by_word).tier == "few-shot"
    assert fit_classifier(invented(199), vectors=by_word).tier == "few-shot"
    assert fit_classifier(invented(201), vectors=by_word).tier == "fused"


def test_fusion_leaves_out_what_says_nothing() -> None:
    examples = invented(150)
    model = fit_classifier(examples, tier="fused", vectors=flat)
    assert model.quality is not None
    assert model.quality.accuracy > 0.97
    trained = fit_classifier(examples, tier="trained")
    np.testing.assert_array_equal(
        model.probabilities(examples.texts).argmax(axis=1),
        trained.probabilities(examples.texts).argmax(axis=1),
    )


def test_probabilities_are_calibrated() -> None:
    generator = random.Random(5)
    clean = invented(600, classes=("fruit", "metal"))
    noisy = Labeled(
        clean.texts,
        tuple(
            label if generator.random() < 0.8 else {"fruit": "metal", "metal": "fruit"}[label]
            for label in clean.labels
        ),
    )
    model = fit_classifier(noisy)
    assert model.quality is not None
    assert 0.72 < model.quality.accuracy < 0.88
    assert model.quality.calibration_error < 0.05
    confidence = model.predict(invented(200, seed=8, classes=("fruit", "metal")).texts)
    assert 0.7 < np.mean(confidence["confidence"].to_numpy()) < 0.9


def test_outsiders_are_unknown_and_insiders_stay() -> None:
    outside = [f"quite something else {number}" for number in range(40)]
    model = fit_classifier(invented(150), outside=outside)
    assert 0 < model.threshold < 1
    assert model.quality is not None
    assert model.quality.outside_recall is not None
    assert model.quality.outside_recall > 0.9
    assert model.quality.kept > 0.9
    assert model.quality.kept_right > 0.97
    assert model.predict(["quite something else 3"])["label"].to_pylist() == ["unknown"]
    assert replace(model, threshold=0.0).predict(["else"])["label"].to_pylist() != ["unknown"]
    assert fit_classifier(invented(60)).threshold == 0


def test_encoders_side_by_side_count_by_what_they_know(tmp_path: Path) -> None:
    examples = invented(120)
    both = SideBySide((loud, by_word))
    assert both(examples.texts).shape == (120, 3 + WIDTH)
    model = fit_classifier(examples, tier="few-shot", vectors=both)
    assert model.quality is not None
    assert model.quality.accuracy > 0.97
    head = model.vector_head
    assert head is not None
    spread = both(examples.texts).std(axis=0)[:, None] * np.abs(head.weights)
    assert spread[:3].max() < 0.2 * spread[3:].max()
    model.save(tmp_path / "m")
    back = TextClassifier.load(tmp_path / "m", vectors=both)
    assert back.version == model.version
    np.testing.assert_array_equal(
        back.probabilities(["a payr", "铜片"]), model.probabilities(["a payr", "铜片"])
    )
    with pytest.raises(ValueError, match="one encoder or more"):
        SideBySide(())


def test_one_encoder_alone_is_as_it_is_side_by_side() -> None:
    examples = invented(90)
    alone = fit_classifier(examples, tier="fused", vectors=by_word)
    assert alone.version == fit_classifier(
        examples, tier="fused", vectors=SideBySide((by_word,))
    ).version  # fmt: skip


def test_heads_that_know_as_much_count_the_same_and_noise_counts_little() -> None:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 3, 300)
    knowing = np.eye(3, dtype=np.float32)[labels] + generator.normal(0, 0.5, (300, 3))
    same = fused_weights([knowing, knowing], labels, balanced=True)
    assert same[0] == pytest.approx(same[1], rel=0.01)
    noise = generator.normal(0, 1, (300, 3)).astype(np.float32)
    told = fused_weights([knowing, noise], labels, balanced=False)
    assert told[1] < 0.2 * told[0]
    few = fused_weights([knowing[:6], noise[:6]], labels[:6], balanced=False)
    assert few[1] / few[0] > told[1] / told[0]


def test_support_belongs_to_no_figure_of_the_whole_fit() -> None:
    support = invented(30, seed=4, classes=("wind",))
    model = fit_classifier(invented(60, classes=("fruit", "metal")), support=support)
    assert model.predict(["a gayl"])["label"].to_pylist() == ["wind"]
    assert model.quality is not None
    assert model.quality.texts == 60


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    model = fit_classifier(invented(90), vectors=by_word, outside=["something else"] * 8)
    model.save(tmp_path / "m")
    back = TextClassifier.load(tmp_path / "m", vectors=by_word)
    texts = ["a payr", "铜片", "", "nothing"]
    assert back.predict(texts).equals(model.predict(texts))
    assert (back.version, back.tier, back.labels) == (model.version, model.tier, model.labels)
    assert (back.quality, back.threshold) == (model.quality, model.threshold)
    assert fit_classifier(invented(90), vectors=by_word).version != model.version
    with np.load(tmp_path / "m" / "classifier.npz") as arrays:
        changed = dict(arrays) | {"mix": np.array([1.0, 2.0])}
    np.savez(tmp_path / "m" / "classifier.npz", allow_pickle=False, **changed)
    with pytest.raises(ValueError, match="fit it again"):
        TextClassifier.load(tmp_path / "m")
    with pytest.raises(FileNotFoundError, match=r"classifier\.json"):
        TextClassifier.load(tmp_path / "nowhere")


def test_fitting_is_repeatable() -> None:
    one, other = (fit_classifier(invented(80), vectors=by_word, seed=3) for _ in "ab")
    assert one.version == other.version
    assert one.quality == other.quality


def test_no_texts_no_answers() -> None:
    model = fit_classifier(invented(60), vectors=by_word)
    assert model.predict([]).num_rows == 0
    assert model.probabilities([]).shape == (0, 3)


def test_vectors_that_are_missing_or_of_another_encoder_are_refused(tmp_path: Path) -> None:
    model = fit_classifier(invented(60), vectors=by_word)
    model.save(tmp_path)
    with pytest.raises(ValueError, match="no way to compute them"):
        TextClassifier.load(tmp_path).predict(["a payr"])
    with pytest.raises(ValueError, match=r"expected vectors \[1, 8\], got \(1, 9\)"):
        model.probabilities(["a payr"], np.zeros((1, 9), np.float32))
    with pytest.raises(ValueError, match="pass vectors="):
        fit_classifier(invented(60), tier="few-shot")


def test_classes_too_rare_for_the_folds_are_no_obstacle() -> None:
    rows = invented(90, classes=("fruit", "metal")) + Labeled(("one gayl",), ("wind",))
    model = fit_classifier(rows, vectors=by_word)
    assert model.labels == ("fruit", "metal", "wind")
    assert model.predict(["an appel"])["label"].to_pylist() == ["fruit"]
    with pytest.raises(ValueError, match="two classes or more"):
        fit_classifier(rows.take([90]))


def test_support_is_learned_and_not_measured() -> None:
    own = invented(60, classes=("fruit", "metal"))
    support = invented(30, seed=4, classes=("wind",))
    model, held_out = fit_measured(
        own, tier="trained", vectors=None, seed=0, balanced=True, support=support
    )
    assert model.predict(["a gayl"])["label"].to_pylist() == ["wind"]
    assert held_out.probabilities.shape == (60, 3)
    assert set(held_out.labels.tolist()) == {0, 1}


def test_examples_are_checked_and_combined() -> None:
    rows = Labeled(("a", "b"), ("x", "y")) + Labeled(("c",), ("x",))
    assert (len(rows), rows.classes, rows.counts["x"]) == (3, ("x", "y"), 2)
    assert rows.take(np.array([2, 0])) == Labeled(("c", "a"), ("x", "x"))
    assert rows.numbers().tolist() == [0, 1, 0]
    with pytest.raises(ValueError, match="1 texts and 2 labels"):
        Labeled(("a",), ("x", "y"))
    for label in ("", "unknown"):
        with pytest.raises(ValueError, match="row 1: expected the name of a class"):
            Labeled(("a", "b"), ("x", label))


def test_parts_that_do_not_fit_are_refused() -> None:
    head = Linear(np.zeros((4, 2), np.float32), np.zeros(2, np.float32))
    with pytest.raises(ValueError, match="two labels or more"):
        TextClassifier(("a", "b"), "trained", (1.0, 0.0))
    with pytest.raises(ValueError, match="scores for 3 labels, got a head with 2"):
        TextClassifier(("a", "b", "c"), "few-shot", (0.0, 1.0), vector_head=head)
    with pytest.raises(ValueError, match="weights"):
        Linear(np.zeros((4, 2), np.float32), np.zeros(3, np.float32))
    with pytest.raises(ValueError, match="expected 2 weights"):
        Terms(("a", "b"), np.zeros(3, np.float32))


def test_terms_are_words_of_english_and_characters_of_chinese() -> None:
    found = terms_of("Not GOOD 太慢了!")
    assert {"not", "good", "not good", "太慢", "慢了", "太慢了", "慢了!"} <= set(found)
    assert "not good 太" not in found
    assert terms_of("") == []
    terms, matrix = fit_terms(["太慢了", "very good"])
    np.testing.assert_allclose(np.sqrt(matrix.multiply(matrix).sum(axis=1)), 1, atol=1e-6)
    np.testing.assert_array_equal(matrix.toarray(), terms.matrix(["太慢了", "very good"]).toarray())


@given(st.text(max_size=60))
def test_any_text_has_terms_that_survive_a_file(text: str) -> None:
    for term in terms_of(text):
        assert term == term.strip() != ""
        assert "\n" not in term


def test_figures_are_those_counted_by_hand() -> None:
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.7, 0.3]], np.float32)
    quality = quality_of(probabilities, np.array([0, 0, 1, 1]), threshold=0.65)
    assert quality.accuracy == 0.75
    assert quality.macro_f1 == pytest.approx((0.8 + 2 / 3) / 2)
    assert (quality.kept, quality.kept_right) == (0.75, pytest.approx(2 / 3))
    assert quality.as_dict()["outside_recall"] is None
    sure = np.array([0.95, 0.95], np.float32)
    assert calibration_error(sure, np.array([True, True])) == pytest.approx(0.05, abs=1e-6)
    assert calibration_error(sure, np.array([False, False])) == pytest.approx(0.95, abs=1e-6)


def test_the_threshold_parts_insiders_from_outsiders() -> None:
    confidence = np.array([0.9, 0.8, 0.7, 0.2], np.float32)
    right = np.array([True, True, True, False])
    outside = np.array([0.3, 0.4, 0.5], np.float32)
    assert 0.5 < threshold_of(confidence, right, outside) < 0.7
    assert threshold_of(confidence, right, outside[:0]) == 0
    assert threshold_of(confidence, ~right[:1].repeat(4), outside) == 0


def test_terms_of_many_texts_are_weighed_by_how_they_lean() -> None:
    rows, classes = 600, 3
    labels = np.arange(rows) % (classes - 1)  # the third class has no text
    matrix = np.zeros((rows, 3), dtype=np.float32)
    matrix[:, 0] = 1  # in every text: leans nowhere
    matrix[labels == 0, 1] = 1  # in the first class alone
    matrix[labels == 1, 2] = 1  # in the second class alone
    head = fit_leaning_head(sp.csr_matrix(matrix), labels, classes)
    assert head.weights[0].tolist() == [0, 0, 0]
    assert head.weights[1, 0] > 0 > head.weights[1, 1]
    assert head.weights[2, 1] > 0 > head.weights[2, 0]
    scores = head.scores(sp.csr_matrix(matrix))
    assert (scores.argmax(axis=1) == labels).all()
    assert (scores.argmax(axis=1) != 2).all()


def test_held_out_texts_choose_among_heads_over_terms() -> None:
    labels = np.arange(60) % 2
    truth = np.eye(2, dtype=np.float32)[labels]
    noise = np.random.default_rng(0).normal(size=truth.shape).astype(np.float32)
    vectors = truth + noise
    kinds: tuple[TermHead, ...] = (partial(fit_term_head, balanced=False), fit_leaning_head)
    for place, seen in enumerate(([truth, noise, vectors], [noise, truth, vectors])):
        kept, kind = chosen(np.stack(seen), labels, kinds, balanced=False)
        np.testing.assert_array_equal(kept, np.stack([truth, vectors]))
        assert kind == (kinds[place],)
