"""Noise curves: exact where the classifier is a rule, bounded where it is one of ours."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from features.text.attacks.curve import noise_curve
from features.text.attacks.registry import ATTACKS
from features.text.attacks.restore import restore
from features.text.classifier.examples import Labeled
from features.text.classifier.fit import fit_classifier
from features.text.embedding.embed import Embedder
from features.text.language import language_of
from features.text.sentiment.data import LABELS, seeds
from training.textbench import robustness
from training.textbench.corpora import split, waimai

ASKED = {
    "zh": ("怎么退款", "我要退款谢谢", "发货了吗", "什么时候发货"),
    "en": ("i want a refund", "refund please", "where is my parcel", "parcel is late"),
}


class Keyword:
    """Says refund where the word stands, else delivery."""

    def predict(self, texts: Sequence[str]) -> pa.Table:
        found = ["refund" if "refund" in t or "退款" in t else "delivery" for t in texts]
        return pa.table({"label": found})


def asked(language: str, times: int = 30) -> Labeled:
    texts = [f"{text} {number}" for number in range(times) for text in ASKED[language]]
    return Labeled(tuple(texts), ("refund", "refund", "delivery", "delivery") * times)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_rule_loses_exactly_the_texts_whose_word_is_hit(language: str) -> None:
    examples = asked(language)
    points = list(noise_curve(Keyword(), examples, language=language, rates=(0.1, 0.4), seed=2))
    assert points[0].attack == "clean"
    assert points[0].accuracy == 1.0
    known = [name for name, attack in ATTACKS.items() if language in attack.languages]
    assert [p.attack for p in points[1:]] == [name for name in known for _ in range(2)]
    word = {"zh": "退款", "en": "refund"}[language]
    for point in points[1:]:
        garbled = [ATTACKS[point.attack].attack(t, point.rate, 2) for t in examples.texts]
        hit = np.array([word not in text for text in garbled])
        is_refund = np.array(examples.labels) == "refund"
        np.testing.assert_array_equal(point.right, ~hit | ~is_refund)
    by = {(p.attack, p.rate): p.accuracy for p in points}
    assert by["spacing", 0.4] < by["spacing", 0.1] < 1


def test_restoring_wins_back_what_spaces_cost() -> None:
    garbled, restored = (
        {p.attack: p.accuracy for p in noise_curve(
            Keyword(), asked("zh"), language="zh", rates=(0.4,), defense=defense)}
        for defense in (None, restore)
    )  # fmt: skip
    assert garbled["spacing"] < 0.9
    assert restored["spacing"] > garbled["spacing"] + 0.08
    assert restored["clean"] == garbled["clean"] == 1.0


def test_rows_pair_every_attack_with_the_same_texts_unharmed(embedder: Embedder) -> None:
    trial = robustness.Trial("shop", "zh", asked("zh", 20), asked("zh", 10))
    rows = list(robustness.trial_rows(trial, embedder.vectors, tiers=("trained",), rates=(0.2,)))
    plain = {(r.protocol, r.metric): r for r in rows if r.model == "trained"}
    clean = plain["80 learned, 40 asked, clean", "accuracy"]
    assert clean.value == 1.0
    hit = plain["80 learned, 40 asked, homophone 20%", "accuracy"]
    lost = plain["80 learned, 40 asked, homophone 20%", "accuracy_lost"]
    assert lost.value == pytest.approx(clean.value - hit.value)
    assert lost.low is not None
    assert lost.high is not None
    assert lost.low <= lost.value <= lost.high
    assert {r.model for r in rows} == {
        "trained", "trained, restored", "trained, hardened", "trained, hardened and restored",
    }  # fmt: skip
    figure = robustness.noise_figure(rows, "shop")
    assert [panel.get_title() for panel in figure.axes] == list(ATTACKS)
    line = figure.axes[0].lines[0]
    assert list(line.get_xdata()) == [0.0, 0.2]
    assert list(line.get_ydata()) == [clean.value, hit.value]
    with pytest.raises(ValueError, match="no row of 'other'"):
        robustness.noise_figure(rows, "other")


def test_half_of_the_hardened_examples_are_garbled_and_none_is_there_twice() -> None:
    examples = asked("en", 50)
    hardened = robustness.hardened_examples(examples, "en")
    assert hardened.labels == examples.labels
    changed = sum(a != b for a, b in zip(hardened.texts, examples.texts, strict=True))
    assert 50 < changed < 110


def test_both_public_sets_are_read_drawn_and_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(robustness, "LEARNED", 24)
    monkeypatch.setattr(robustness, "TESTED", 6)
    monkeypatch.setattr(robustness, "TIERS", ("few-shot",))
    (tmp_path / "waimai-10k").mkdir()
    with gzip.open(tmp_path / "waimai-10k/waimai_10k.csv.gz", "wt", encoding="utf-8") as file:
        pairs = [(str(int(label == "refund")), text) for text, label in zip(
            asked("zh", 15).texts, asked("zh", 15).labels, strict=True)]  # fmt: skip
        csv.writer(file).writerows([("label", "review"), *pairs])
    (tmp_path / "banking77").mkdir()
    for name in ("train", "test"):
        with (tmp_path / f"banking77/{name}.csv").open("w", newline="") as file:
            pairs = list(zip(asked("en", 8).texts, asked("en", 8).labels, strict=True))
            csv.writer(file).writerows([("text", "category"), *pairs])
    rows = list(robustness.measure(tmp_path, tmp_path))
    assert {row.dataset for row in rows} == {"waimai-10k", "banking77"}
    assert {row.model for row in rows} >= {"few-shot", "few-shot, hardened"}
    assert all(row.protocol.startswith("24 learned, 6 asked") for row in rows)


@pytest.mark.parametrize(("language", "most", "mean"), [("zh", 0.12, 0.06), ("en", 0.16, 0.08)])
def test_the_seed_classifier_loses_little_when_a_tenth_is_garbled(
    embedder: Embedder, language: str, most: float, mean: float
) -> None:
    rows = [(text, LABELS[label]) for text, label in seeds() if language_of(text) == language]
    labeled = Labeled(tuple(text for text, _ in rows), tuple(label for _, label in rows))
    classifier = fit_classifier(
        labeled.take(range(0, len(rows), 2)), tier="few-shot", vectors=embedder.vectors
    )
    unseen = labeled.take(range(1, len(rows), 2))
    clean, *hit = noise_curve(classifier, unseen, language=language, rates=(0.1,))
    losses = [clean.accuracy - point.accuracy for point in hit]
    assert clean.accuracy > 0.7
    assert max(losses) < most
    assert np.mean(losses) < mean


@pytest.mark.realdata
@pytest.mark.slow
@pytest.mark.parametrize("tier", ["few-shot", "trained", "fused"])
def test_classifiers_of_reviews_lose_little_when_a_tenth_is_garbled(
    embedder: Embedder, data_root: Path, tier: str
) -> None:
    parts = split(waimai(data_root))
    learned, unseen = parts.train.take(range(1500)), parts.test.take(range(300))
    classifier = fit_classifier(learned, tier=tier, vectors=embedder.vectors)  # type: ignore[arg-type]
    clean, *hit = noise_curve(classifier, unseen, language="zh", rates=(0.1,))
    losses = [clean.accuracy - point.accuracy for point in hit]
    assert clean.accuracy > 0.8
    assert max(losses) < 0.08
    assert np.mean(losses) < 0.04
