"""Sentiment is learned, routed by language, measured and calibrated."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest

from features.text.classifier.examples import Labeled
from features.text.classifier.fit import fit_classifier
from features.text.classifier.model import FloatArray
from features.text.embedding.embed import Embedder
from features.text.language import language_of
from features.text.sentiment.analyzer import Rated, SentimentAnalyzer, fit_sentiment
from features.text.sentiment.data import LABELS, label_of, seeds
from features.text.sentiment.fit import fit_model, labeled
from features.text.sentiment.model import SentimentModel

PRAISE, BLAME = ["flumish", "drobe"], ["wexly", "snarp"]


def flat(texts: Sequence[str]) -> FloatArray:
    """Vectors that say nothing: what is learned must come from the terms."""
    return np.full((len(texts), 512), 512**-0.5, dtype=np.float32)


def invented(count: int, seed: int = 0) -> list[Rated]:
    """Ratings of a business whose customers have their own words for good and bad."""
    generator = random.Random(seed)
    rows = []
    for number in range(count):
        label = generator.choice([0, 2])
        word = generator.choice(PRAISE if label else BLAME)
        rows.append(Rated(f"the {word} thing number {number}", label))
    return rows


@pytest.fixture(scope="module")
def few_shot(embedder: Embedder) -> SentimentAnalyzer:
    fit = fit_sentiment([], embedder.vectors, min_rated=200, min_pole=20, seed=7)
    assert {row["tier"] for row in fit.report} == {"few-shot"}
    return SentimentAnalyzer(models=fit.models, vectors=embedder.vectors, state="s")


def test_seeds_are_many_and_of_both_languages() -> None:
    for label in range(3):
        mine = [text for text, found in seeds() if found == label]
        assert len(mine) == len(set(mine)) >= 100
        assert sum(language_of(text) == "zh" for text in mine) >= 50
        assert sum(language_of(text) == "en" for text in mine) >= 50


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("服务态度太恶劣了,再也不来了", "negative"),
        ("快递太慢了!!", "negative"),
        ("非常好吃,家人都很喜欢", "positive"),
        ("质量很好,下次还会购买", "positive"),
        ("请问现在有货吗", "neutral"),
        ("The service was terrible and slow.", "negative"),
        ("Absolutely love it, great quality!", "positive"),
        ("What time does the shop close?", "neutral"),
    ],
)
def test_both_languages_are_understood_without_ratings(
    few_shot: SentimentAnalyzer, text: str, label: str
) -> None:
    row = few_shot.analyze([text]).to_pylist()[0]
    assert row["sentiment"] == label
    assert 0 <= row["confidence"] <= 1
    sign = {"negative": -1, "neutral": 0, "positive": 1}[label]
    assert row["polarity"] * sign > 0.15 or (label == "neutral" and abs(row["polarity"]) < 0.5)


def test_chinese_is_not_scored_zero(few_shot: SentimentAnalyzer) -> None:
    texts = [text for text, _ in seeds() if language_of(text) == "zh"]
    polarity = few_shot.analyze(texts)["polarity"].to_numpy()
    assert (np.abs(polarity) > 0.01).mean() > 0.8
    assert polarity.max() > 0.5 > -0.5 > polarity.min()


def test_words_of_the_business_are_learned_from_its_ratings() -> None:
    fit = fit_sentiment(invented(240), flat, min_rated=200, min_pole=20, seed=7)
    report = {row["language"]: row for row in fit.report}
    assert report["en"]["tier"] == "fused"
    assert report["en"]["texts"] == 240
    assert report["en"]["accuracy"] > 0.97
    assert report["en"]["macro_f1"] > 0.97
    assert report["zh"]["tier"] == "few-shot"
    analyzer = SentimentAnalyzer(models=fit.models, vectors=flat, state="x")
    assert (analyzer.tier("en"), analyzer.tier("zh")) == ("fused", "few-shot")
    found = analyzer.analyze(["quite flumish", "quite wexly"]).to_pylist()
    assert [row["sentiment"] for row in found] == ["positive", "negative"]
    assert found[0]["polarity"] > 0.3 > -0.3 > found[1]["polarity"]


@pytest.mark.parametrize("rated", [invented(150), [Rated(f"fine {n}", 2) for n in range(300)]])
def test_too_few_ratings_or_one_pole_only_fall_back_to_the_seeds(rated: list[Rated]) -> None:
    fit = fit_sentiment(rated, flat, min_rated=200, min_pole=20, seed=7)
    row = next(row for row in fit.report if row["language"] == "en")
    assert row["tier"] == "few-shot"
    assert row["rated_texts"] == len(rated)
    assert 0 <= row["few_shot_accuracy_on_ratings"] <= 1
    assert list(fit.models) == ["base"]


def test_a_class_rarer_than_the_folds_is_no_obstacle() -> None:
    rated = [*invented(240), Rated("it is a thing", 1)]
    fit = fit_sentiment(rated, flat, min_rated=200, min_pole=20, seed=7)
    assert fit.models["en"].tier == "fused"


def test_confidence_is_the_share_that_is_right() -> None:
    generator = random.Random(3)
    noisy = [
        Rated(row.text, 2 - row.label if generator.random() < 0.2 else row.label)
        for row in invented(600, seed=4)
    ]
    fit = fit_sentiment(noisy, flat, min_rated=200, min_pole=20, seed=7)
    row = next(row for row in fit.report if row["language"] == "en")
    assert 0.7 < row["accuracy"] < 0.9
    assert row["calibration_error"] < 0.05
    analyzer = SentimentAnalyzer(models=fit.models, vectors=flat, state="x")
    confidence = analyzer.analyze([row.text for row in invented(200, seed=9)])["confidence"]
    assert 0.7 < np.mean(confidence.to_numpy()) < 0.9


def test_fitting_is_repeatable_and_survives_the_round_trip() -> None:
    fits = [fit_sentiment(invented(220), flat, min_rated=200, min_pole=20, seed=7) for _ in "ab"]
    one, other = (SentimentAnalyzer(models=f.models, vectors=flat, state="x") for f in fits)
    back = SentimentAnalyzer.of(one.arrays(), vectors=flat, state="x")
    texts = ["flumish", "snarp", "快递太慢了", "666"]
    assert one.analyze(texts).equals(other.analyze(texts))
    assert one.analyze(texts).equals(back.analyze(texts))
    assert fits[0].report == fits[1].report
    assert back.version == one.version


def test_perfect_separation_is_calibrated_too() -> None:
    texts = tuple(f"{label} {number}" for label in LABELS for number in range(10))
    place = {text: row // 10 for row, text in enumerate(texts)}

    def corners(asked: Sequence[str]) -> FloatArray:
        return np.eye(3, 512, dtype=np.float32)[[place[text] for text in asked]]

    examples = Labeled(texts, tuple(text.split()[0] for text in texts))
    model, quality = fit_model("few-shot", examples, None, 1, vectors=corners)
    assert quality.accuracy == 1
    assert model.confidence(model.probabilities(texts, corners(texts))).min() > 0.5


def test_without_vectors_ratings_are_trained_and_the_rest_is_distilled() -> None:
    business = ["服务态度真差劲,再也不来", "味道非常好,很喜欢", "请问几点开门"] * 5
    fit = fit_sentiment(
        invented(240), None, min_rated=200, min_pole=20, seed=7, texts=list(dict.fromkeys(business))
    )
    report = {row["language"]: row for row in fit.report}
    assert (report["en"]["tier"], report["zh"]["tier"]) == ("trained", "distilled")
    assert report["en"]["accuracy"] > 0.97
    assert report["zh"]["macro_f1"] > 0.5
    analyzer = SentimentAnalyzer(models=fit.models, vectors=None, state="x")
    assert analyzer.tier("other") == "distilled"
    found = analyzer.analyze(["quite wexly", "服务态度真差劲", "非常好,很喜欢"])["sentiment"]
    assert found.to_pylist() == ["negative", "negative", "positive"]
    back = SentimentAnalyzer.of(analyzer.arrays(), vectors=None, state="x")
    texts = ["quite wexly", "味道好"]
    assert back.analyze(texts).equals(analyzer.analyze(texts))


def test_models_that_read_vectors_are_refused_without(few_shot: SentimentAnalyzer) -> None:
    with pytest.raises(ValueError, match="models of base read sentence vectors"):
        SentimentAnalyzer.of(few_shot.arrays(), vectors=None, state="s")


def test_a_classifier_of_something_else_is_refused() -> None:
    rows = Labeled(("a b", "c d", "a c", "d b"), ("x", "y", "x", "y"))
    with pytest.raises(ValueError, match="expected the labels"):
        SentimentModel("trained", fit_classifier(rows), np.zeros(4, np.float32))


def test_a_seed_file_with_a_wrong_label_is_named(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pathlib import Path

    from features.text.sentiment import data as sentiment_data

    folder = Path(str(tmp_path))
    (folder / "xx.yaml").write_text("angry: [no]", encoding="utf-8")
    monkeypatch.setattr(sentiment_data, "_SEEDS", folder)
    with pytest.raises(ValueError, match=r"xx\.yaml: label 'angry'"):
        sentiment_data.seeds.__wrapped__()


def test_stars_become_labels() -> None:
    assert [LABELS[label_of(stars)][:3] for stars in (1, 2, 2.5, 3, 4, 5)] == [
        "neg", "neg", "neu", "neu", "pos", "pos",
    ]  # fmt: skip
    assert labeled([Rated("fine", 2)]) == Labeled(("fine",), ("positive",))
