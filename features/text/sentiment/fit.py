"""Fit a sentiment classifier and measure it on texts it has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.linear_model import LogisticRegression

from features.text.classifier.examples import Labeled
from features.text.classifier.fit import HeldOut, Tier, fit_measured
from features.text.classifier.model import FloatArray, Vectors
from features.text.classifier.quality import Quality, calibration_error, quality_of
from features.text.sentiment.data import LABELS, seeds
from features.text.sentiment.model import SentimentModel, trust_features

_TRUST_STRENGTH = 1.0
_STUDENT_TEXTS = 4000  # what one student hears of its teacher


@dataclass(frozen=True)
class Rated:
    """A text with the number of the label that its writer's own rating gives it."""

    text: str
    label: int


def labeled(rated: Sequence[Rated]) -> Labeled:
    """Return rated texts as examples of a classifier."""
    return Labeled(tuple(row.text for row in rated), tuple(LABELS[row.label] for row in rated))


def seed_examples() -> Labeled:
    """Return the seed sentences as examples of a classifier."""
    return labeled([Rated(text, label) for text, label in seeds()])


def fit_model(
    tier: Tier,
    examples: Labeled,
    support: Labeled | None,
    seed: int,
    *,
    vectors: Vectors | None,
) -> tuple[SentimentModel, Quality]:
    """Fit on the examples and the support; measure and calibrate on held-out examples.

    Every class counts the same, so that the polarity is the tone of the text and not the
    business's base rate.

    Parameters
    ----------
    tier : {"few-shot", "trained", "fused"}
        What the classifier reads.
    examples : Labeled
        What the model is for. Each is scored once by a model that did not see it.
    support : Labeled or None
        Further examples that every fit sees and no measurement counts.
    seed : int
        Decides the folds.
    vectors : callable or None
        Gives the sentence vectors of n texts; not used by the trained tier.
    """
    classifier, held_out = fit_measured(
        examples, tier=tier, vectors=vectors, seed=seed, balanced=True, support=support
    )
    model = SentimentModel(tier, classifier, _trust(held_out))
    quality = quality_of(held_out.probabilities, held_out.labels)
    confidence = model.confidence(held_out.probabilities)
    right = held_out.probabilities.argmax(axis=1) == held_out.labels
    return model, replace(quality, calibration_error=calibration_error(confidence, right))


def distill(
    teacher: SentimentModel, texts: Sequence[str], seed: int, *, vectors: Vectors
) -> tuple[SentimentModel, Quality]:
    """Return a student that reads terms only and answers as a teacher that reads vectors.

    The student learns the seed sentences and what the teacher says of the business's own texts
    (Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network", 2015, with hard
    labels); it is measured and calibrated on held-out seed sentences.

    Parameters
    ----------
    teacher : SentimentModel
        Of the few-shot tier.
    texts : sequence of str
        Distinct texts of the business; of more than 4,000 an even sample is heard.
    seed : int
        Decides the folds.
    vectors : callable
        Gives the sentence vectors of n texts to the teacher.
    """
    step = max(1, -(-len(texts) // _STUDENT_TEXTS))
    heard = tuple(texts[::step])
    support = None
    if heard:
        said = teacher.probabilities(heard, vectors(heard)).argmax(axis=1)
        support = labeled([Rated(text, int(n)) for text, n in zip(heard, said, strict=True)])
    student, quality = fit_model("trained", seed_examples(), support, seed, vectors=None)
    return replace(student, tier="distilled"), quality


def _trust(held_out: HeldOut) -> FloatArray:
    """Return the curve from the highest probability to the chance that its label is right."""
    right = held_out.probabilities.argmax(axis=1) == held_out.labels
    if right.all() or not right.any():
        return np.array([1, 0, 0, 0], dtype=np.float32)
    curve = LogisticRegression(C=_TRUST_STRENGTH, fit_intercept=False)
    curve.fit(trust_features(held_out.probabilities), right)
    return np.asarray(curve.coef_[0], dtype=np.float32)
