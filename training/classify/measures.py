"""Everything that is told about a classifier on held-out texts, by the name it has in MLflow.

``macro_f1`` and ``accuracy`` are of the nearest labels, over texts that have one: how well labels
are told apart. ``served/`` takes ``unknown`` as an answer, over all texts. ``language/`` shows
whether it serves the speakers of one language worse than those of another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from features.text.classifier.examples import UNKNOWN
from features.text.language import language_of
from training.classify.answers import Answers
from training.classify.corpus import Corpus
from training.classify.scores import calibration_error, macro_f1
from training.metrics import Interval

if TYPE_CHECKING:
    from training.classify.experiment import Result

_LEAST = 10  # texts of a language from which it has figures of its own


def told_apart(held: Corpus, answers: Answers, *, resamples: int, seed: int = 0) -> Interval:
    """Return the macro-F1 of the nearest labels of those texts that have one, with its interval."""
    rows = [row for row, label in enumerate(held.labels) if label != UNKNOWN]
    truth = [held.labels[row] for row in rows]
    nearest = [answers.nearest[row] for row in rows]
    return macro_f1(truth, nearest, resamples=resamples, seed=seed)


def metrics_of(result: Result) -> dict[str, float]:
    """Return everything measured."""
    found, held = result.macro_f1, result.held_out
    return {
        "macro_f1": found.value,
        "low/macro_f1": found.low,
        "high/macro_f1": found.high,
        **_nearest(held, result.answers),
        **_served(held, result.answers),
        "served/threshold": result.model.threshold,
        "starter/macro_f1": told_apart(held, result.starter, resamples=1).value,
        "count/labels": len(result.corpus.texts),
        "count/held_out": len(held.texts),
        "count/classes": len(result.model.labels),
        "seconds/fit": result.fit_seconds,
        "seconds/all": result.seconds,
    }


def _nearest(held: Corpus, answers: Answers) -> dict[str, float]:
    truth = np.array(held.labels)
    named = truth != UNKNOWN
    right = (np.array(answers.nearest) == truth)[named]
    sure = answers.confidence.astype(float)[named]
    found = {"accuracy": float(right.mean()), "calibration_error": calibration_error(sure, right)}
    spoken = np.array([language_of(text) for text in held.texts])[named]
    for language in np.unique(spoken).tolist():
        there = spoken == language
        if there.sum() >= _LEAST:
            found[f"language/{language}/accuracy"] = float(right[there].mean())
            found[f"language/{language}/texts"] = int(there.sum())
    return found


def _served(held: Corpus, answers: Answers) -> dict[str, float]:
    truth, served = np.array(held.labels), np.array(answers.served)
    named, given, right = truth != UNKNOWN, served != held.unknown, served == truth
    found = {
        "served/macro_f1": macro_f1(held.labels, answers.served, resamples=1).value,
        "served/accuracy": float(right.mean()),
        "served/unknown_share": float(1 - given.mean()),
        "served/right_of_given": float(right[given].mean()) if given.any() else 0.0,
    }
    if not named.all():
        found["served/unknown_recall"] = float((~given[~named]).mean())
    return found
