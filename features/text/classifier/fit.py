"""Fit a text classifier of the tier that the data at hand allows, and measure it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from features.text.classifier.examples import Labeled
from features.text.classifier.fuse import fused_weights
from features.text.classifier.model import FloatArray, TextClassifier, Vectors
from features.text.classifier.parts import Data, Tier, chosen, held_out_scores
from features.text.classifier.quality import Quality, refusing

__all__ = ["HeldOut", "Quality", "Tier", "fit_classifier", "fit_measured"]

IntArray = NDArray[np.int64]

_FUSE_FROM, _FUSE_MEDIAN = 200, 8  # texts, in all and of the median class, for terms to add


@dataclass(frozen=True)
class HeldOut:
    """Class probabilities of texts that the heads had not seen, beside the truth.

    Parameters
    ----------
    probabilities : numpy.ndarray
        float32 [n, L], calibrated.
    labels : numpy.ndarray
        int64 [n], numbers of the true labels.
    """

    probabilities: FloatArray
    labels: IntArray


def fit_classifier(
    examples: Labeled,
    *,
    tier: Literal["auto", "few-shot", "trained", "fused"] = "auto",
    vectors: Vectors | None = None,
    outside: Sequence[str] = (),
    seed: int = 0,
    balanced: bool = False,
    support: Labeled | None = None,
) -> TextClassifier:
    """Fit on examples; fuse, calibrate and measure on held-out ones.

    Parameters
    ----------
    examples : Labeled
        What the classifier is for. Each is scored once by heads that did not see it.
    tier : {"auto", "few-shot", "trained", "fused"}
        Few-shot: logistic regression on sentence vectors. Trained: support vector machines on
        TF-IDF terms, which needs no vectors. Fused: both. Auto takes the trained tier without
        vectors, the few-shot tier with fewer than 200 texts, or fewer than eight of the median
        class, else fused.
    vectors : callable, optional
        Gives the sentence vectors float32 [n, width] of n texts; the classifier keeps it. Each
        encoder of a :class:`SideBySide` has a head of its own, and held-out texts tell how much
        that one counts.
    outside : sequence of str
        Sentences that belong nowhere, such as :func:`features.text.taxonomy.classify.outside`;
        two of every four decide the threshold, the others measure it.
    seed : int
        Decides the folds.
    balanced : bool
        Whether every class counts the same however many texts it has.
    support : Labeled, optional
        Further examples that every fit sees and no measurement counts.

    Returns
    -------
    TextClassifier
        With its :class:`Quality` as ``quality``.

    Raises
    ------
    ValueError
        If there are fewer than two classes, or the tier needs vectors and there are none.

    Examples
    --------
    >>> rows = Labeled(("太慢了", "慢死了", "很好吃", "好吃"), ("bad", "bad", "good", "good"))
    >>> fit_classifier(rows).predict(["真慢"])["label"].to_pylist()
    ['bad']
    """
    which = _tier(examples, tier, vectors)
    found, held_out = fit_measured(
        examples, tier=which, vectors=vectors, seed=seed, balanced=balanced, support=support
    )
    return _measured(found, held_out, outside)


def fit_measured(
    examples: Labeled,
    *,
    tier: Tier,
    vectors: Vectors | None,
    seed: int,
    balanced: bool = False,
    support: Labeled | None = None,
) -> tuple[TextClassifier, HeldOut]:
    """Return a classifier, and what was said of held-out examples, for those who measure more.

    ``support`` are further examples that every fit sees and no measurement counts; the other
    parameters are those of :func:`fit_classifier`.
    """
    data = Data.of(examples, support, None if tier == "trained" else vectors)
    labels = data.labels[: data.measured]
    kinds = data.kinds(tier, balanced=balanced)
    every = held_out_scores(data, kinds, seed, balanced=balanced)
    seen, kinds = chosen(every, labels, kinds, balanced=balanced)
    weights = fused_weights(list(seen), labels, balanced=balanced)
    heads = data.heads(np.arange(len(data.texts)), kinds, balanced=balanced)
    found = heads.classifier(data.names, tier, weights, vectors)
    total = sum(weight * scores for weight, scores in zip(weights, seen, strict=True))
    probabilities = softmax(total, axis=1)
    return found, HeldOut(np.asarray(probabilities, dtype=np.float32), labels)


def _tier(examples: Labeled, tier: str, vectors: Vectors | None) -> Tier:
    if len(examples.classes) <= 1:
        raise ValueError(
            f"text classifier: expected examples of two classes or more, got {examples.classes}"
        )
    if vectors is None and tier in ("few-shot", "fused"):
        raise ValueError(f"text classifier: tier {tier!r} reads sentence vectors; pass vectors=")
    if tier == "auto":
        median = float(np.median(list(examples.counts.values())))
        few = len(examples) < _FUSE_FROM or median < _FUSE_MEDIAN
        tier = "trained" if vectors is None else "few-shot" if few else "fused"
    return "few-shot" if tier == "few-shot" else "trained" if tier == "trained" else "fused"


def _measured(found: TextClassifier, held_out: HeldOut, outside: Sequence[str]) -> TextClassifier:
    """Return the classifier with its threshold and its figures."""
    far = found.probabilities(outside).max(axis=1, initial=0)
    threshold, quality = refusing(held_out.probabilities, held_out.labels, far)
    return replace(found, threshold=threshold, quality=quality)
